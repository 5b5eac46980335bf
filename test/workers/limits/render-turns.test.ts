import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { PlainPages, plainPagesMemory } from '../../../src/workers/limits/plain-pages.ts';
import { RenderTurns } from '../../../src/workers/limits/render-turns.ts';
import { eventually } from '../../support/wait.ts';

const { signal } = new AbortController();

/** Whether a turn is to be had at once. */
async function isFree(turns: RenderTurns): Promise<boolean> {
  const given = new AbortController();
  const turn = turns.take(given.signal);
  await nextTurn();
  given.abort();
  const taken = await turn;
  taken?.[Symbol.dispose]();
  return taken !== null;
}

test('a turn rests after its page while pages without a browser are under way, and only then', async () => {
  let others = true;
  const turns = new RenderTurns(1, () => others);
  turns.giveBack((await turns.take(signal))!, 60_000);
  assert.equal(await isFree(turns), false);

  const short = new RenderTurns(1, () => others);
  short.giveBack((await short.take(signal))!, 1);
  await eventually(async () => await isFree(short));

  others = false;
  const alone = new RenderTurns(1, () => others);
  alone.giveBack((await alone.take(signal))!, 60_000);
  assert.equal(await isFree(alone), true);
});

test('pages of one thread are known to all, until a while after the last one has begun', async () => {
  const memory = plainPagesMemory();
  const [here, there] = [new PlainPages(memory), new PlainPages(memory)];
  assert.equal(there.underWay, false);
  await eventually(() => {
    here.begin();
    return there.underWay;
  });
  await eventually(() => !there.underWay);
});
