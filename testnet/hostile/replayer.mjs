// B4: the same genuine votes again and again, each time as a new message.

import { count, pace, perform, ready, stubborn, task } from './peer.mjs'
import { eavesdrop, say, sit } from './votes.mjs'

const VOTE = 1
const KEPT = 64

await perform(async () => {
  const votes = []
  const keep = (vote) => {
    count('votes_heard')
    votes.push(vote)
    if (votes.length > KEPT) votes.shift()
  }
  ready()
  for (const victim of task.seats) sit(victim, task.seed, keep)
  await Promise.all(task.victims.map((victim) => stubborn(victim, async (connection, node) => {
    const gossip = await eavesdrop(connection, node, keep)
    await pace(task.rate, async (turn) => {
      if (votes.length === 0) return
      say(gossip, VOTE, votes[turn % votes.length])
      count('repeats')
    })
  })))
})
