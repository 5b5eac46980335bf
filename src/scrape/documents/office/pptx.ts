import type { ChildNode } from 'domhandler';
import { element } from '../nodes.ts';
import type { Archive } from './archive.ts';
import { graphicsOf } from './blocks/graphics.ts';
import { BlockList } from './blocks/lists.ts';
import { formulasOf } from './blocks/math.ts';
import { relationsOf, targetOf, type Relation } from './package.ts';
import { Runs } from './blocks/runs.ts';
import { tableOf, type TableCell } from './blocks/tables.ts';
import {
  childOf,
  childrenOf,
  descendantsOf,
  readUnit,
  readUnits,
  textOf,
  type XmlElement,
} from './xml-units.ts';

const MAX_SLIDES = 1000;
/** Placeholders that repeat on every slide. */
const REPEATED = new Set(['dt', 'ftr', 'sldNum', 'hdr', 'sldImg']);
/** Placeholders whose paragraphs have a bullet where nothing else is said. */
const LISTS = new Set(['body', 'obj', '']);

type Relations = Map<string, Relation>;

/** The type of a shape's placeholder, empty for one of any content; null for a shape of its own. */
function placeholderOf(shape: XmlElement): string | null {
  const properties = childrenOf(shape).find(({ name }) => name.startsWith('nv'));
  const placeholder = childOf(properties, 'nvPr', 'ph');
  return placeholder === null ? null : (placeholder.attribs['type'] ?? '');
}

function lookOf(properties: XmlElement | null): string[] {
  const { b, i, strike, baseline } = properties?.attribs ?? {};
  return [
    ...(b === '1' || b === 'true' ? ['strong'] : []),
    ...(i === '1' || i === 'true' ? ['em'] : []),
    ...(strike !== undefined && strike !== 'noStrike' ? ['s'] : []),
    ...(Number(baseline) > 0 ? ['sup'] : Number(baseline) < 0 ? ['sub'] : []),
  ];
}

/** The formulas in a part of a paragraph that older programs show as a picture. */
function mathIn(child: XmlElement): ChildNode[] {
  const holder = child.name === 'AlternateContent' ? childOf(child, 'Choice', 'm') : child;
  if (holder?.name !== 'm') return [];
  return childrenOf(holder).flatMap(formulasOf);
}

function runsOf(paragraph: XmlElement, relations: Relations): Runs {
  const runs = new Runs();
  for (const child of childrenOf(paragraph)) {
    if (child.name === 'br') runs.add(element('br', {}, []));
    for (const formula of mathIn(child)) runs.add(formula);
    if (child.name !== 'r' && child.name !== 'fld') continue;
    const properties = childOf(child, 'rPr');
    const link = relations.get(childOf(properties, 'hlinkClick')?.attribs['relation'] ?? '');
    const text = childOf(child, 't');
    if (text !== null)
      runs.add(textOf(text).replaceAll('\v', ' '), lookOf(properties), link?.external ? link.target : null);
  }
  return runs;
}

/** Adds the paragraphs of a text body: items where they have bullets, or where `asList`. */
function addText(body: XmlElement | null, relations: Relations, blocks: BlockList, asList: boolean): void {
  for (const paragraph of childrenOf(body, 'p')) {
    const runs = runsOf(paragraph, relations);
    if (runs.isBlank) continue;
    const properties = childOf(paragraph, 'pPr');
    const has = (name: string): boolean => childOf(properties, name) !== null;
    const ordered = has('buAutoNum');
    const isItem = !has('buNone') && (ordered || has('buChar') || asList);
    if (!isItem) blocks.block(element('p', {}, runs.nodes()));
    else {
      const start = Number(childOf(properties, 'buAutoNum')?.attribs['startAt'] ?? 1);
      const level = Number(properties?.attribs['lvl'] ?? 0) || 0;
      blocks.item({ level, ordered, start, content: runs.nodes() });
    }
  }
}

function table(source: XmlElement, relations: Relations): ChildNode {
  const rows = childrenOf(source, 'tr').map((row) =>
    childrenOf(row, 'tc').flatMap((cell): TableCell[] => {
      const { gridSpan, rowSpan, hMerge, vMerge } = cell.attribs;
      if (hMerge === '1' || hMerge === 'true' || vMerge === '1' || vMerge === 'true') return [];
      const text = new BlockList();
      addText(childOf(cell, 'txBody'), relations, text, false);
      return [{ content: text.take(), columns: Number(gridSpan ?? 1) || 1, rows: Number(rowSpan ?? 1) || 1 }];
    }),
  );
  return tableOf(rows);
}

/** Where the shapes of a slide are, and what they refer to. */
interface Slide {
  archive: Archive;
  relations: Relations;
}

function addShapes(parent: XmlElement | null, slide: Slide, blocks: BlockList): void {
  const { archive, relations } = slide;
  for (const shape of childrenOf(parent)) {
    const placeholder = placeholderOf(shape);
    if (shape.name === 'grpSp') addShapes(shape, slide, blocks);
    else if (shape.name === 'AlternateContent') addShapes(childOf(shape, 'Choice'), slide, blocks);
    else if (shape.name === 'graphicFrame') {
      blocks.block();
      for (const source of descendantsOf(shape, 'tbl')) blocks.block(table(source, relations));
      blocks.block(...graphicsOf(shape, archive, relations));
    } else if (shape.name === 'pic') addPicture(shape, blocks);
    else if (shape.name === 'sp' && !isTitle(placeholder) && !REPEATED.has(placeholder ?? 'none'))
      addText(childOf(shape, 'txBody'), relations, blocks, placeholder !== null && LISTS.has(placeholder));
  }
}

function addPicture(picture: XmlElement, blocks: BlockList): void {
  const runs = new Runs();
  runs.alt(childOf(picture, 'nvPicPr', 'cNvPr')?.attribs['descr']);
  if (!runs.isBlank) blocks.block(element('p', {}, runs.nodes()));
}

function isTitle(placeholder: string | null): boolean {
  return placeholder === 'title' || placeholder === 'ctrTitle';
}

function titleOf(tree: XmlElement | null, relations: Relations): (ChildNode | string)[] {
  const title = childrenOf(tree, 'sp').find((shape) => isTitle(placeholderOf(shape)));
  return childrenOf(childOf(title, 'txBody'), 'p')
    .map((paragraph) => runsOf(paragraph, relations))
    .filter((runs) => !runs.isBlank)
    .flatMap((runs, i) => (i === 0 ? runs.nodes() : [' ', ...runs.nodes()]));
}

function addNotes(archive: Archive, part: string, blocks: BlockList): void {
  const tree = childOf(readUnit(archive, part, 'cSld'), 'spTree');
  const notes = new BlockList();
  for (const shape of childrenOf(tree, 'sp'))
    if (placeholderOf(shape) === 'body')
      addText(childOf(shape, 'txBody'), relationsOf(archive, part), notes, false);
  const nodes = notes.take();
  if (nodes.length > 0) blocks.block(element('blockquote', {}, nodes));
}

function addSlide(archive: Archive, part: string, number: number, blocks: BlockList): void {
  const slide = readUnit(archive, part, 'sld');
  if (slide === null || slide.attribs['show'] === '0' || slide.attribs['show'] === 'false') return;
  const relations = relationsOf(archive, part);
  const tree = childOf(slide, 'cSld', 'spTree');
  const title = titleOf(tree, relations);
  blocks.block(element('h2', {}, title.length > 0 ? title : [`Slide ${number}`]));
  addShapes(tree, { archive, relations }, blocks);
  const notes = targetOf(relations, 'notesSlide');
  if (notes !== null) addNotes(archive, notes, blocks);
}

/** The slides of a PPTX presentation in their order, each with its notes as a quotation. */
export function readPptx(archive: Archive, part: string): { nodes: ChildNode[]; slides: number } {
  const relations = relationsOf(archive, part);
  const slides: string[] = [];
  readUnits(archive, part, new Set(['sldId']), ({ attribs }) => {
    const target = relations.get(attribs['relation'] ?? '')?.target;
    if (target !== undefined) slides.push(target);
    return slides.length < MAX_SLIDES;
  });
  const blocks = new BlockList();
  for (const [i, slide] of slides.entries()) addSlide(archive, slide, i + 1, blocks);
  return { nodes: blocks.take(), slides: slides.length };
}
