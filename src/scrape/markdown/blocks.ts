import type { Element } from 'domhandler';
import { escapeHeadingEnd, fenceFor } from './inline/escape.ts';
import type { MarkdownRenderer } from './renderer.ts';

/** Renders `<h1>` to `<h6>` on one line, whatever blocks are in it. */
export function renderHeading(renderer: MarkdownRenderer, element: Element): void {
  renderer.boundary();
  if (renderer.mode !== null) return renderInPlace(renderer, element);
  for (const mark of renderer.marks) if (mark.awaitsHeading) mark.spent = false;
  const text = renderer.inlineOnly('heading', element.children);
  if (text === '') return;
  renderer.writer.begin('heading');
  renderer.writer.line(`${'#'.repeat(Number(element.name[1]))} ${escapeHeadingEnd(text)}`);
}

export function renderQuote(renderer: MarkdownRenderer, element: Element): void {
  renderer.boundary();
  if (renderer.mode !== null) return renderInPlace(renderer, element);
  const { writer } = renderer;
  const outerTight = writer.tight;
  const before = writer.previous;
  writer.begin('quote');
  const container = writer.open('> ', '> ');
  writer.tight = false;
  renderer.children(element.children);
  renderer.flush();
  writer.tight = outerTight;
  if (container !== null && !writer.close(container)) writer.restore(before);
}

function renderInPlace(renderer: MarkdownRenderer, element: Element): void {
  renderer.children(element.children);
  renderer.boundary();
}

/** `---`, or `___` where that would be a list marker's. */
export function renderRule(renderer: MarkdownRenderer): void {
  renderer.boundary();
  if (renderer.mode !== null) return;
  renderer.writer.begin('rule');
  renderer.writer.line(renderer.writer.atMarker ? '___' : '---');
}

/** A fenced code block; where no block can stand, a code span for each line. */
export function renderFence(renderer: MarkdownRenderer, code: string, language: string): void {
  if (code.trim() === '') return;
  renderer.boundary();
  if (renderer.mode !== null) return renderCodeLines(renderer, code);
  const fence = fenceFor(code);
  renderer.writer.begin('fence');
  renderer.writer.line(fence + language);
  renderer.writer.lines(code);
  renderer.writer.line(fence);
}

function renderCodeLines(renderer: MarkdownRenderer, code: string): void {
  for (const line of code.split('\n')) {
    renderer.inline.code(line.trim(), renderer.marks);
    renderer.boundary();
  }
}
