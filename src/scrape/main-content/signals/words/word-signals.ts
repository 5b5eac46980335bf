import type { Signal, Signals } from '../block-context.ts';
import type { LabelEvidence } from './labels.ts';
import type { HeadingEvidence } from './headings.ts';
import type { Topic } from './topic.ts';
import { WORDING_LEVELS } from './wording.ts';

const EVIDENCE: Signals = {
  'words.mean': ({ page, index }) => page.words[index]!.mean,
  'words.least': ({ page, index }) => page.words[index]!.least,
  'words.most': ({ page, index }) => page.words[index]!.most,
  'words.sum': ({ page, index }) => page.words[index]!.sum,
  'section.words': ({ page, index }) => page.words[page.sections[index]!.heading]?.mean ?? 0,
  'section.least': ({ page, index }) => page.words[page.sections[index]!.heading]?.least ?? 0,
  'names.own': ({ block }) => block.container.evidence.own,
  'names.own least': ({ block }) => block.container.evidence.ownLeast,
  'names.least': ({ block }) => block.container.evidence.least,
  'names.most': ({ block }) => block.container.evidence.most,
  'names.sum': ({ block }) => block.container.evidence.sum,
  'names.near': ({ block }) => block.container.evidence.near,
};

/** Blocks before and behind whose words and names are looked at, one by one and together. */
const BESIDE = [-2, -1, 1, 2];
const WINDOWS = [4, 10];

const WORDING: Signals = {
  ...Object.fromEntries(
    BESIDE.flatMap((by): [string, Signal][] => [
      [`beside${by}.words`, ({ page, index }) => page.words[index + by]?.mean ?? 0],
      [`beside${by}.names`, ({ page, index }) => page.blocks[index + by]?.container.evidence.near ?? 0],
    ]),
  ),
  ...Object.fromEntries(
    WINDOWS.map((distance): [string, Signal] => [
      `window${distance}.words`,
      ({ page, index }) => page.wording.within(index, distance),
    ]),
  ),
  ...Object.fromEntries(
    Array.from({ length: WORDING_LEVELS }, (_, level): [string, Signal] => [
      `wider${level}.words`,
      ({ page, index }) => page.wording.around(index, level),
    ]),
  ),
  'alike.wording': ({ page, index }) => page.alikeWording[index]!,
  'loosely alike.wording': ({ page, index }) => page.looselyAlikeWording[index]!,
};

const heading = (name: keyof HeadingEvidence): Signal => {
  return ({ page, index }) => page.headings[index]![name];
};

const HEADING: Signals = {
  'heading.mean': heading('mean'),
  'heading.least': heading('least'),
  'heading.most': heading('most'),
  'heading.whole': heading('whole'),
};

const topic = (name: keyof Topic): Signal => {
  return ({ page, index }) => page.topics[index]![name];
};

const TOPIC: Signals = {
  'topic.title': topic('title'),
  'topic.core': topic('core'),
  'topic.page': topic('page'),
};

const label = (name: keyof LabelEvidence): Signal => {
  return ({ page, index }) => page.labels[index]![name];
};

const LABELS: Signals = {
  'chain.least': label('chainLeast'),
  'chain.sum': label('chainSum'),
  'box.heading': label('boxHeading'),
  'box.words': label('boxWords'),
  'passed.least': label('passedLeast'),
};

/** What the words of a block say of it, of the blocks around it and of what it is about. */
export const WORD_SIGNALS: Signals = { ...EVIDENCE, ...WORDING, ...HEADING, ...LABELS, ...TOPIC };
