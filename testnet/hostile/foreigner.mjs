// P10: peers of another chain, again and again.

import { Gossip, count, delay, perform, ready, stubborn, task } from './peer.mjs'

await perform(async () => {
  ready()
  const one = (victim) => stubborn(victim, async (connection, node) => {
    const gossip = await Gossip.open(connection, node)
    gossip.join('transactions')
    count('greetings')
    await delay(2_000)
  }, { greeting: 'thronos/' + '00'.repeat(32) })
  await Promise.all(task.victims.flatMap((victim) => [one(victim), one(victim)]))
})
