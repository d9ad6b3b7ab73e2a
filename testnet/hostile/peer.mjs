// What every hostile peer shares: a js-libp2p node (TCP, Noise, Yamux, identify), the honest wire formats to be abused, and the
// talk with `hostile`, which starts one process per attack.
//
// The first argument is the task in JSON. On standard output stands one line `{"ready":true}` when the harm begins, one
// `{"done":"DEED"}` when a deed is done for the first time, and at the end one line with the deeds, counted. It ends by itself when the task's time is over or its standard input is closed.
// It must not aim at anything but the addresses of its task, which are loopback.

import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { generateKeyPair, generateKeyPairFromSeed, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { readFileSync } from 'node:fs'
import { setMaxListeners } from 'node:events'

export const task = JSON.parse(process.argv[2])

const deeds = {}
let over = false
let finish
export const finished = new Promise((resolve) => { finish = resolve })

export const isOver = () => over
export const count = (deed, times = 1) => {
  if (deeds[deed] == null) process.stdout.write(JSON.stringify({ done: deed }) + '\n')
  deeds[deed] = (deeds[deed] ?? 0) + times
}
export const delay = (ms) => Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), finished])

function stop () {
  over = true
  finish()
}

/** The harm begins. */
export const ready = () => process.stdout.write('{"ready":true}\n')

/** Runs an attack until it is over, and says what was done. */
export async function perform (attack) {
  setMaxListeners(0)
  process.stdin.on('end', stop).on('error', stop).resume()
  setTimeout(stop, task.seconds * 1000)
  // What the victims cut off in the middle is what they are meant to do.
  process.on('unhandledRejection', () => count('cut_off'))
  process.on('uncaughtException', () => count('cut_off'))
  await Promise.race([attack(), finished]).catch((error) => { deeds.failed = String(error) })
  process.stdout.write(JSON.stringify({ deeds }) + '\n', () => process.exit(0))
}

/** A node of js-libp2p that greets as a peer of the chain, or as the task or `options` say. */
export async function peer (options = {}) {
  const privateKey = options.seed != null
    ? await generateKeyPairFromSeed('Ed25519', Buffer.from(options.seed, 'hex'))
    : await generateKeyPair('Ed25519')
  const node = await createLibp2p({
    privateKey,
    start: false,
    addresses: { listen: [], announce: options.announce ?? [] },
    transports: [tcp({ dialOpts: { localAddress: options.from ?? task.from } })],
    connectionEncrypters: [noise()],
    streamMuxers: [options.muxer ?? yamux({ maxOutboundStreams: 1024, enableKeepAlive: false })],
    connectionMonitor: { enabled: false },
    connectionManager: { maxParallelDials: 64, inboundUpgradeTimeout: 10_000 },
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify({ runOnConnectionOpen: false, maxInboundStreams: 64 }) }
  })
  // js-libp2p names a protocol version of its own; peers of a chain name the chain there.
  node.services.identify.host.protocolVersion = options.greeting ?? task.greeting
  node.services.identify.host.agentVersion = 'js-libp2p'
  // A peer that does not take gossip at once is never asked again.
  node.gossip = new Gossip()
  await node.handle(Gossip.protocol(), (incoming) => node.gossip.listen(incoming), { maxInboundStreams: 64 })
  // Who does not answer a ping is taken for dead.
  await node.handle('/ipfs/ping/1.0.0', async (incoming) => { for await (const ping of incoming) incoming.send(ping) }, { maxInboundStreams: 64 })
  await options.prepare?.(node)
  await node.start()
  return node
}

export async function dial (node, victim) {
  const connection = await node.dial(multiaddr(victim), { signal: AbortSignal.timeout(10_000) })
  count('connections')
  return connection
}

/** One stream, opened by name. */
export const stream = (connection, name, options = {}) =>
  connection.newStream(name, { signal: AbortSignal.timeout(10_000), ...options })

const closed = (connection) => new Promise((resolve, reject) => {
  connection.addEventListener('close', () => reject(new Error('closed')))
})

/** Comes again with a new identity whenever it is thrown out, at most five times a second. */
export async function stubborn (victim, act, options = {}) {
  while (!over) {
    const node = await peer(options)
    try {
      const connection = await dial(node, victim)
      await Promise.race([act(connection, node), closed(connection), finished])
    } catch { if (!over) count('thrown_out') }
    await Promise.race([node.stop(), delay(500)]).catch(() => {})
    await delay(200)
  }
}

/** Does something so often per second, as long as the attack lasts. */
export async function pace (perSecond, act) {
  const begun = Date.now()
  for (let done = 0; !over;) {
    const due = Math.floor((Date.now() - begun) * perSecond / 1000)
    for (; done < due && !over; done++) await act(done)
    await delay(10)
  }
}

// --- Bytes ---------------------------------------------------------------------------------------------------------

export const random = (length) => { const bytes = Buffer.alloc(length); for (let i = 0; i < length; i++) bytes[i] = Math.random() * 256; return bytes }

export const u32 = (number) => { const bytes = Buffer.alloc(4); bytes.writeUInt32LE(number >>> 0); return bytes }
export const u64 = (number) => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64LE(BigInt(number)); return bytes }
/** A frame of a direct stream. */
export const frame = (bytes) => Buffer.concat([u32(bytes.length), bytes])

export function varint (number) {
  let left = BigInt(number)
  const bytes = []
  for (; left >= 128n; left >>= 7n) bytes.push(Number(left & 127n) | 128)
  bytes.push(Number(left))
  return Buffer.from(bytes)
}
/** A field of a protobuf message: a number, or bytes. */
export const field = (number, value) => typeof value === 'number' || typeof value === 'bigint'
  ? Buffer.concat([varint(number << 3), varint(value)])
  : Buffer.concat([varint((number << 3) | 2), varint(value.length), Buffer.from(value)])
export const prefixed = (bytes) => Buffer.concat([varint(bytes.length), bytes])

/** The messages of the task's file: each a u32 length and its bytes. */
export function payloads () {
  const file = readFileSync(task.payloads)
  const messages = []
  for (let at = 0; at < file.length;) {
    const length = file.readUInt32LE(at)
    messages.push(file.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return messages
}

// --- The chain's protocols -----------------------------------------------------------------------------------------

/** The name of a protocol or a topic. */
export const protocol = (name) => `/thronos/${task.tag}/${name}/1`

/** An identify message with these addresses to listen on. */
export function identity (node, addresses) {
  return prefixed(Buffer.concat([
    field(1, publicKeyToProtobuf(node.peerId.publicKey)),
    ...addresses.map((address) => field(2, multiaddr(address).bytes)),
    field(3, Buffer.from('/ipfs/id/1.0.0')),
    field(5, Buffer.from(task.greeting)),
    field(6, Buffer.from('js-libp2p'))
  ]))
}

/** Gossip by hand: what is said is not bound by the rules of an honest implementation. */
export class Gossip {
  static protocol () { return protocol('gossip') + '/1.1.0' }

  /** What is done with a message that is heard: its topic, its bytes. */
  heard = () => {}

  static async open (connection, node) {
    node.gossip.out = await stream(connection, Gossip.protocol())
    return node.gossip
  }

  /** Takes part in topics, and asks for their messages. */
  join (...channels) {
    for (const channel of channels) {
      const topic = Buffer.from(protocol(channel))
      this.say(field(1, Buffer.concat([field(1, 1), field(2, topic)])))
      this.say(field(3, field(3, field(1, topic))))
    }
  }

  publish (channel, bytes) {
    this.say(field(2, Buffer.concat([field(2, bytes), field(4, Buffer.from(protocol(channel)))])))
  }

  say (rpc) { return this.out.send(prefixed(rpc)) }

  async listen (incoming) {
    let buffer = Buffer.alloc(0)
    for await (const chunk of incoming) {
      buffer = Buffer.concat([buffer, Buffer.from(chunk.subarray())])
      for (let whole = take(buffer); whole != null; whole = take(buffer)) {
        buffer = buffer.subarray(whole.end)
        this.read(whole.bytes)
      }
    }
  }

  read (rpc) {
    for (const [number, message] of fields(rpc)) {
      if (number !== 2) continue
      const parts = new Map(fields(message))
      this.heard(String(parts.get(4)), parts.get(2))
    }
  }
}

/** The message at the front of a buffer, if it is whole. */
function take (buffer) {
  const [length, at] = number(buffer, 0)
  const end = at + length
  return length > 0 && end <= buffer.length ? { bytes: buffer.subarray(at, end), end } : null
}

function number (bytes, at) {
  let value = 0
  for (let shift = 1; at < bytes.length; shift *= 128) {
    const byte = bytes[at++]
    value += (byte & 127) * shift
    if (byte < 128) return [value, at]
  }
  return [0, at]
}

function * fields (bytes) {
  for (let at = 0; at < bytes.length;) {
    let key, value
    [key, at] = number(bytes, at);
    [value, at] = number(bytes, at)
    if ((key & 7) === 2) {
      yield [key >> 3, bytes.subarray(at, at + value)]
      at += value
    } else {
      yield [key >> 3, value]
    }
  }
}
