const HEADER = /(?<![0-9])(\d{1,7})[ \t\r\n]{1,4}(\d{1,5})[ \t\r\n]{1,4}obj(?![a-z])/g;
const PAGE = /\/Type[ \t\r\n]{0,4}\/Page(?![A-Za-z])/;
/** The dictionary of a page ends before its stream, if it has one, and is no longer. */
const MAX_DICTIONARY = 10_000;
const MAX_PAGES = 10_000;

/**
 * A PDF of which the end is missing, and with it the list of its pages, with a list of the pages
 * that are there (ISO 32000-1, sections 7.5.5 and 7.7.3). Null where there are none.
 */
export function withPageList(body: Buffer): Buffer | null {
  const source = body.toString('latin1');
  const pages: string[] = [];
  let highest = 0;
  let open: { name: string; start: number } | null = null;
  const close = (end: number) => {
    if (open === null || pages.length >= MAX_PAGES) return;
    const dictionary = source.slice(open.start, Math.min(end, open.start + MAX_DICTIONARY));
    if (PAGE.test(dictionary.split('stream', 1)[0]!)) pages.push(`${open.name} R`);
  };
  for (const { 0: all, 1: number, 2: generation, index } of source.matchAll(HEADER)) {
    close(index);
    open = { name: `${number} ${generation}`, start: index + all.length };
    highest = Math.max(highest, Number(number));
  }
  close(source.length);
  return pages.length === 0 ? null : Buffer.concat([body, endOf([...new Set(pages)], highest)]);
}

function endOf(pages: string[], highest: number): Buffer {
  const [list, catalog] = [highest + 1, highest + 2];
  return Buffer.from(
    `\nendstream\nendobj\n${list} 0 obj\n<< /Type /Pages /Count ${pages.length} /Kids [${pages.join(' ')}] >>\nendobj\n` +
      `${catalog} 0 obj\n<< /Type /Catalog /Pages ${list} 0 R >>\nendobj\n` +
      `trailer\n<< /Root ${catalog} 0 R /Size ${catalog + 1} >>\nstartxref\n0\n%%EOF\n`,
    'latin1',
  );
}
