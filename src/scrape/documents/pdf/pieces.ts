/**
 * A piece of text with the place and size that it has on its page, in points from the bottom left.
 */
export interface TextPiece {
  text: string;
  x: number;
  y: number;
  width: number;
  size: number;
  endsLine: boolean;
  /** The direction in which it is written, in quarter turns counter-clockwise. */
  turns: number;
  /** Whether its text is in the order in which a script is read that goes from right to left. */
  isReversed: boolean;
  /** Where a link annotation over it leads. */
  href: string | null;
}

/** A link annotation and the rectangle that it covers. */
export interface LinkArea {
  href: string;
  left: number;
  right: number;
  bottom: number;
  top: number;
}

/**
 * The pieces in their order, those under a link cut into words that are in it and words that are
 * not.
 */
export function withLinks(pieces: TextPiece[], areas: LinkArea[]): TextPiece[] {
  return areas.length === 0 ? pieces : pieces.flatMap((piece) => split(piece, areas));
}

function split(piece: TextPiece, areas: LinkArea[]): TextPiece[] {
  const { left, right, y } = extent(piece);
  const area = areas.find(
    (it) => it.bottom <= y && y < it.top && Math.min(right, it.right) - Math.max(left, it.left) > 1,
  );
  if (area === undefined || piece.text.trim() === '') return [piece];
  // Upright text is cut where the area ends; turned text is linked as a whole.
  if (piece.turns !== 0 || piece.width <= 0) return [{ ...piece, href: area.href }];
  const words = piece.text.match(/\s*\S+\s*/g) ?? [piece.text];
  const parts: TextPiece[] = [];
  let at = 0;
  for (const text of words) {
    const x = piece.x + (piece.width * at) / piece.text.length;
    const width = (piece.width * text.length) / piece.text.length;
    const middle = x + width / 2;
    const href = middle >= area.left && middle <= area.right ? area.href : null;
    const last = parts.at(-1);
    if (last?.href === href) {
      last.text += text;
      last.width += width;
    } else parts.push({ ...piece, text, x, width, href, endsLine: false });
    at += text.length;
  }
  parts.at(-1)!.endsLine = piece.endsLine;
  return parts;
}

/** Where a piece reaches to on its page, and a height that is in the middle of its letters. */
function extent({ x, y, width, size, turns }: TextPiece): { left: number; right: number; y: number } {
  if (turns === 0) return { left: x, right: x + width, y: y + size / 3 };
  if (turns === 2) return { left: x - width, right: x, y: y - size / 3 };
  return { left: x - size, right: x + size, y: y + (turns === 1 ? width : -width) / 2 };
}

/**
 * The pieces turned so that each is written from left to right: those of the direction that most of
 * the page is written in first, then those of the others, like a note along the margin.
 */
export function upright(pieces: TextPiece[]): TextPiece[][] {
  const groups = Map.groupBy(pieces, ({ turns }) => turns);
  const chars = (group: TextPiece[]) => group.reduce((sum, { text }) => sum + text.trim().length, 0);
  return [...groups.values()].toSorted((a, b) => chars(b) - chars(a)).map((group) => group.map(turned));
}

function turned(piece: TextPiece): TextPiece {
  const { x, y, turns } = piece;
  if (turns === 1) return { ...piece, x: y, y: -x };
  if (turns === 2) return { ...piece, x: -x, y: -y };
  return turns === 3 ? { ...piece, x: -y, y: x } : piece;
}
