// P4: gossip's own control messages in masses: subscriptions, grafts for topics that are none, prunes for ever, offers and wishes.

import { Gossip, count, field, pace, perform, protocol, random, ready, stubborn, task } from './peer.mjs'

const topics = ['transactions', 'certificate', 'consensus'].map((name) => Buffer.from(protocol(name)))
const many = (times, make) => Buffer.concat(Array.from({ length: times }, make))
const stranger = () => Buffer.from('/x/' + random(16).toString('hex'))

// Each below the 16 KiB of control messages that one message may have, so that it is read.
const RPCS = [
  () => many(300, () => field(1, Buffer.concat([field(1, 1), field(2, stranger())]))),
  () => field(3, many(300, () => field(3, field(1, stranger())))),
  () => field(3, many(200, (_, place) => field(4, Buffer.concat([field(1, topics[place % 3]), field(3, 2n ** 63n)])))),
  () => field(3, field(1, Buffer.concat([field(1, topics[0]), many(450, () => field(2, random(32)))]))),
  () => field(3, field(2, many(450, () => field(1, random(32))))),
  () => field(3, many(100, (_, place) => Buffer.concat([field(3, field(1, topics[place % 3])), field(4, field(1, topics[place % 3]))])))
]

await perform(async () => {
  ready()
  await Promise.all(task.victims.map((victim) => stubborn(victim, async (connection, node) => {
    const gossip = await Gossip.open(connection, node)
    gossip.join('transactions', 'certificate', 'consensus')
    await pace(task.rate, async (turn) => {
      gossip.say(RPCS[turn % RPCS.length]())
      count('control_messages')
    })
  })))
})
