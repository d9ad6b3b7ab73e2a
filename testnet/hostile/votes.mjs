// How votes are overheard, and said again. A stranger hears by gossip what validators tell each other by that way; a validator
// that turned hears all of them on streams of its own.

import { Gossip, finished, protocol, stubborn, u64 } from './peer.mjs'

const COUNTER_BYTES = 8
const PREFIX_BYTES = 4
const PROPOSAL = 0
const VOTE = 1
/** Kind, epoch, view, parent's view, block; signer; signature. */
const VOTE_BYTES = 57 + 2 + 48
const topic = protocol('consensus')
let counter = BigInt(Math.floor(Math.random() * 2 ** 48))

/** The vote in a message of consensus: it stands alone, or first in its proposal. */
function voteOf (message) {
  const speaks = message[0] === VOTE || message[0] === PROPOSAL
  return speaks && message.length > VOTE_BYTES ? Buffer.from(message.subarray(1, 1 + VOTE_BYTES)) : null
}

/** Joins gossip, and hands over every vote that is heard there. */
export async function eavesdrop (connection, node, heard) {
  const gossip = await Gossip.open(connection, node)
  gossip.heard = (name, data) => {
    const vote = name === topic && data != null ? voteOf(data.subarray(COUNTER_BYTES)) : null
    if (vote != null) heard(vote)
  }
  gossip.join('consensus')
  return gossip
}

/** Sits in a validator's seat, says nothing, and hands over every vote that the others send there. */
export const sit = (victim, seed, heard) => stubborn(victim, () => finished, {
  seed,
  from: '127.0.0.1',
  prepare: async (node) => {
    for (const name of ['votes', 'proposals']) await node.handle(protocol(name), (incoming) => listen(incoming, heard), { force: true })
  }
})

async function listen (incoming, heard) {
  let buffer = Buffer.alloc(0)
  for await (const chunk of incoming) {
    buffer = Buffer.concat([buffer, Buffer.from(chunk.subarray())])
    while (buffer.length >= PREFIX_BYTES && buffer.length >= PREFIX_BYTES + buffer.readUInt32LE(0)) {
      const end = PREFIX_BYTES + buffer.readUInt32LE(0)
      const vote = voteOf(buffer.subarray(PREFIX_BYTES, end))
      buffer = buffer.subarray(end)
      if (vote != null) heard(vote)
    }
  }
}

/** Says a message of consensus; a new counter makes it a new message. */
export const say = (gossip, kind, bytes) => gossip.publish('consensus', Buffer.concat([u64(counter++), Buffer.from([kind]), bytes]))
