// C6: a validator of a later version. It says things that this one does not know, and must not be punished for it.

import { Gossip, count, delay, frame, isOver, perform, protocol, random, ready, stream, stubborn, task, u64 } from './peer.mjs'

const unknown = () => Buffer.concat([Buffer.from([200]), random(60)])

await perform(async () => {
  ready()
  await Promise.all(task.victims.map((victim) => stubborn(victim, async (connection, node) => {
    const names = ['votes', 'proposals', 'bodies', 'transaction-push']
    const streams = await Promise.all(names.map((name) => stream(connection, protocol(name))))
    const gossip = await Gossip.open(connection, node)
    for (let turn = 0; !isOver(); turn++) {
      for (const out of streams) out.send(frame(unknown()))
      gossip.publish('transactions', unknown())
      gossip.publish('consensus', Buffer.concat([u64(turn), unknown()]))
      count('unknown_messages', streams.length + 2)
      await delay(200)
    }
  }, { seed: task.seed, from: '127.0.0.1' })))
})
