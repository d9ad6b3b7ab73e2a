// B3: a genuine vote in a proposal that its signer never made, so that honest nodes punish the signer.

import { count, perform, ready, stubborn, task } from './peer.mjs'
import { eavesdrop, say, sit } from './votes.mjs'

const PROPOSAL = 0
const header = Buffer.from(task.header, 'hex')

await perform(async () => {
  const gossips = new Set()
  const framed = (vote) => {
    count('votes_heard')
    for (const gossip of gossips) {
      // Four are enough for a block that lasts a minute.
      for (let turn = 0; turn < 4; turn++) {
        try {
          say(gossip, PROPOSAL, Buffer.concat([vote, header]))
          count('false_proposals')
        } catch (error) { gossips.delete(gossip); gossip.fail(error) }
      }
    }
  }
  ready()
  for (const victim of task.seats) sit(victim, task.seed, framed)
  await Promise.all(task.victims.map((victim) => stubborn(victim, async (connection, node) => {
    const gossip = await eavesdrop(connection, node, framed)
    gossips.add(gossip)
    await new Promise((resolve, reject) => { gossip.fail = reject })
  })))
})
