// C5, P10: more questions than anybody needs, for the largest answers and for heights that are none.

import { count, frame, isOver, perform, protocol, ready, stream, stubborn, task, u64 } from './peer.mjs'

const RANGE = 3
const range = (from, blocks) => frame(Buffer.concat([Buffer.from([RANGE]), u64(from), Buffer.from([blocks & 255, blocks >> 8])]))
const QUESTIONS = [range(0n, 512), range(1n, 512), range(2n ** 64n - 1n, 65_535), frame(Buffer.from([0]))]

async function ask (connection, turn) {
  const question = await stream(connection, protocol('sync'))
  question.send(QUESTIONS[turn % QUESTIONS.length])
  question.close().catch(() => {})
  count('questions')
  let bytes = 0
  for await (const chunk of question) bytes += chunk.byteLength
  count('answer_bytes', bytes)
  if (bytes <= 1) count('answers_refused')
}

await perform(async () => {
  ready()
  const one = (victim) => stubborn(victim, (connection) => {
    const asking = Array.from({ length: task.parallel }, async (_, place) => {
      for (let turn = place; !isOver(); turn++) await ask(connection, turn)
    })
    return Promise.all(asking)
  })
  await Promise.all(task.victims.flatMap((victim) => Array.from({ length: task.peers }, () => one(victim))))
})
