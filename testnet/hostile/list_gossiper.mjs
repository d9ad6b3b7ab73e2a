// B1, B2: publishes lists of transactions that are worth nothing, as any stranger may.

import { Gossip, count, isOver, pace, payloads, perform, ready, stubborn, task } from './peer.mjs'

const lists = payloads()
let next = 0

await perform(async () => {
  ready()
  await Promise.all(task.victims.map((victim) => stubborn(victim, async (connection, node) => {
    const gossip = await Gossip.open(connection, node)
    gossip.join('transactions')
    await pace(task.rate, async () => {
      if (isOver() || next >= lists.length) return
      gossip.publish('transactions', lists[next++])
      count('lists')
    })
  })))
})
