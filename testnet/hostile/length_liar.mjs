// P1: lengths that are no lengths, on every protocol: 2^32 - 1, 0, more than one message, varints of 2^63.

import { count, delay, isOver, perform, protocol, ready, stream, stubborn, task, u32, random } from './peer.mjs'

const huge = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])
const FRAMES = [u32(0xffff_ffff), u32(0), Buffer.concat([u32(2), random(2), u32(0x7fff_ffff), random(64)])]
const LIES = [
  // By turns: a short attack tries every protocol as well.
  ...FRAMES.flatMap((bytes) => ['votes', 'proposals', 'bodies', 'transaction-push', 'sync'].map((name) => [name, bytes])),
  ['gossip', huge], ['gossip', Buffer.concat([huge, random(200)])], ['kad', huge], ['kad', random(100)]
]
let next = 0

await perform(async () => {
  ready()
  await Promise.all(task.victims.map((victim) => stubborn(victim, async (connection) => {
    for (let turn = 0; turn < 3 && !isOver();) {
      const [name, bytes] = LIES[next++ % LIES.length]
      let out
      try {
        out = await stream(connection, protocol(name) + (name === 'gossip' ? '/1.1.0' : ''))
      } catch (error) {
        // Streams of validators are closed to strangers; the connection stays, and so do the other protocols.
        if (connection.status !== 'open') throw error
        count('streams_refused')
        await delay(30)
        continue
      }
      turn++
      out.send(bytes)
      count('lies')
      await delay(30)
    }
  })))
})
