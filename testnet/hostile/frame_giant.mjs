// C5: a stranger's frames of 4 MiB on the streams that belong to validators.

import { setImmediate } from 'node:timers/promises'
import { count, finished, frame, isOver, perform, protocol, random, ready, stream, stubborn, task } from './peer.mjs'

const BYTES = 4 * 1024 * 1024
const giant = frame(random(BYTES))
const PART = 64 * 1024

async function flood (connection) {
  const out = await stream(connection, protocol('bodies'))
  while (!isOver()) {
    for (let at = 0; at < giant.length && !isOver(); at += PART) {
      if (!out.send(giant.subarray(at, at + PART))) await Promise.race([out.onDrain(), finished])
      await setImmediate()
    }
    count('frames')
  }
}

await perform(async () => {
  ready()
  const each = (victim) => Array.from({ length: task.peers }, () => stubborn(victim, async (connection) => {
    await flood(connection)
    await finished
  }))
  await Promise.all(task.victims.flatMap(each))
})
