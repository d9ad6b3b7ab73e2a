// P5: asks for the largest answers and never reads one.

import { count, delay, frame, isOver, perform, protocol, ready, stream, stubborn, task, u64 } from './peer.mjs'

const question = frame(Buffer.concat([Buffer.from([3]), u64(0), Buffer.from([0, 2])]))

await perform(async () => {
  ready()
  const one = (victim) => stubborn(victim, async (connection) => {
    while (!isOver()) {
      const asked = await stream(connection, protocol('sync'))
      asked.pause()
      asked.send(question)
      asked.close().catch(() => {})
      count('questions')
      await delay(50)
    }
  })
  await Promise.all(task.victims.flatMap((victim) => Array.from({ length: task.peers }, () => one(victim))))
})
