import { isRecord } from '../../metadata/structured-data.ts';
import { storable } from '../../storable.ts';
import type { TextPiece } from './pieces.ts';

const MAX_FIELDS = 500;
const MAX_CHARS = 10_000;
/** Of text in fields, in points: the most that a field's height says of it. */
const MAX_SIZE = 12;

/** What a field of a form, or a remark written on the page, shows; empty for anything else. */
function shownBy(annotation: Record<string, unknown>): string {
  const { subtype, fieldType, fieldValue, checkBox, exportValue, hidden } = annotation;
  if (hidden === true) return '';
  if (subtype === 'FreeText') {
    const contents = annotation['contentsObj'];
    return isRecord(contents) && typeof contents['str'] === 'string' ? contents['str'] : '';
  }
  if (subtype !== 'Widget' || annotation['password'] === true) return '';
  if (checkBox === true) return fieldValue === exportValue ? '☒' : '☐';
  if (fieldType !== 'Tx' && fieldType !== 'Ch') return '';
  const values: unknown[] = Array.isArray(fieldValue) ? fieldValue : [fieldValue];
  return values.filter((value) => typeof value === 'string').join(', ');
}

function pieceOf(annotation: unknown): TextPiece[] {
  if (!isRecord(annotation) || !Array.isArray(annotation['rect'])) return [];
  const text = storable(shownBy(annotation).slice(0, MAX_CHARS)).replace(/\s+/g, ' ').trim();
  const [left, bottom, right, top] = annotation['rect'].map(Number);
  if (text === '' || top === undefined) return [];
  const height = Math.abs(top - bottom!);
  const size = Math.min(MAX_SIZE, height);
  const y = Math.min(top, bottom!) + (height - size) / 2;
  const width = Math.min(Math.abs(right! - left!), text.length * size * 0.5);
  return [
    {
      text,
      x: Math.min(left!, right!),
      y,
      width,
      size,
      endsLine: false,
      turns: 0,
      isReversed: false,
      href: null,
    },
  ];
}

/** The pieces of a page with what stands in the fields of its form, each behind its line. */
export function withFilledIn(pieces: TextPiece[], annotations: readonly unknown[]): TextPiece[] {
  const filledIn = annotations.slice(0, MAX_FIELDS).flatMap(pieceOf);
  if (filledIn.length === 0) return pieces;
  const behind = new Map<number, TextPiece[]>();
  for (const piece of filledIn) {
    const at = pieces.findLastIndex(
      ({ text, x, y, size }) =>
        text.trim() !== '' && x <= piece.x && Math.abs(y - piece.y) <= 0.6 * Math.max(size, piece.size),
    );
    const place = at === -1 ? pieces.length : at;
    behind.set(place, [...(behind.get(place) ?? []), piece]);
  }
  const placed = pieces.flatMap((piece, i) => {
    const own = (behind.get(i) ?? []).map((one) => ({ ...one, y: piece.y }));
    return own.length === 0
      ? [piece]
      : [{ ...piece, endsLine: false }, ...own.slice(0, -1), { ...own.at(-1)!, endsLine: piece.endsLine }];
  });
  return [...placed, ...(behind.get(pieces.length) ?? []).map((one) => ({ ...one, endsLine: true }))];
}
