import { html, type Content } from '../http/html/html.ts';
import { CHAPTERS, chapterHtml, type Chapter } from './manual/index.ts';

/** A chapter of the manual, with the list of chapters above it and the next one below it. */
export function manualPage(chapter: Chapter): Content {
  const place = CHAPTERS.findIndex(([name]) => name === chapter);
  const next = CHAPTERS[place + 1];
  return html`<nav class="chapters" aria-label="Manual">
      ${CHAPTERS.map(([name, title]) =>
        name === chapter
          ? html`<a href="/docs/manual/${name}" aria-current="page">${title}</a>`
          : html`<a href="/docs/manual/${name}">${title}</a>`,
      )}
    </nav>
    ${chapterHtml(chapter)}
    ${next && html`<p class="next">Next: <a href="/docs/manual/${next[0]}">${next[1]}</a></p>`}`;
}
