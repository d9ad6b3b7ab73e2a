// C2: many identities from one address, each with a greeted connection that it keeps.

import { count, delay, dial, finished, isOver, peer, perform, ready, task } from './peer.mjs'

async function one (victim) {
  const node = await peer()
  while (!isOver()) {
    try {
      const connection = await dial(node, victim)
      await Promise.race([finished, new Promise((resolve) => connection.addEventListener('close', resolve))])
      if (!isOver()) count('thrown_out')
    } catch { count('refused') }
    await delay(1_000)
  }
}

await perform(async () => {
  const all = []
  for (let place = 0; place < task.identities && !isOver(); place++) {
    all.push(one(task.victims[place % task.victims.length]))
    if (place % 8 === 7) await delay(20)
  }
  ready()
  await Promise.all(all)
})
