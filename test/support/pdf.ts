export interface PdfParts {
  /** The content stream of each page, in Latin-1. Helvetica is `/F1`. */
  pages: string[];
  /** Entries of the information dictionary. */
  info?: string;
  /** Further entries of the catalogue. */
  catalog?: string;
  /** Annotations of every page. */
  annotations?: string;
  /** The font `/F1` in place of Helvetica. */
  font?: string;
  /** The encryption dictionary. */
  encrypt?: string;
}

const HELVETICA = '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>';

/**
 * Writes a small PDF 1.4 (ISO 32000-1, section 7.5), uncompressed, with a cross-reference table.
 */
export function writePdf({
  pages,
  info = '',
  catalog = '',
  annotations = '',
  font = HELVETICA,
  encrypt,
}: PdfParts): Buffer {
  const pageNumbers = pages.map((_, i) => 5 + 2 * i);
  const kids = pageNumbers.map((number) => `${number} 0 R`).join(' ');
  const resources = '/Resources << /Font << /F1 3 0 R >> >>';
  const objects = [
    `<< /Type /Catalog /Pages 2 0 R ${catalog} >>`,
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    font,
    `<< ${info} >>`,
  ];
  for (const [i, content] of pages.entries()) {
    const box = `/MediaBox [0 0 612 792] /Annots [${annotations}]`;
    objects.push(`<< /Type /Page /Parent 2 0 R ${box} ${resources} /Contents ${pageNumbers[i]! + 1} 0 R >>`);
    objects.push(`<< /Length ${Buffer.byteLength(content, 'latin1')} >>\nstream\n${content}\nendstream`);
  }
  let file = '%PDF-1.4\n';
  let table = '0000000000 65535 f \n';
  for (const [i, object] of objects.entries()) {
    table += `${String(file.length).padStart(10, '0')} 00000 n \n`;
    file += `${i + 1} 0 obj\n${object}\nendobj\n`;
  }
  const size = objects.length + 1;
  const encryption = encrypt === undefined ? '' : `/Encrypt ${encrypt} /ID [<00> <00>]`;
  const trailer = `trailer\n<< /Size ${size} /Root 1 0 R /Info 4 0 R ${encryption} >>`;
  return Buffer.from(
    `${file}xref\n0 ${size}\n${table}${trailer}\nstartxref\n${file.length}\n%%EOF\n`,
    'latin1',
  );
}
