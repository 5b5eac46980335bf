import type { ChildNode } from 'domhandler';
import { element } from '../../nodes.ts';
import type { Archive } from '../archive.ts';
import type { Relation } from '../package.ts';
import { childOf, childrenOf, descendantsOf, readUnit, textOf, type XmlElement } from '../xml-units.ts';
import { tableOf, type TableCell } from './tables.ts';

const MAX_SERIES = 100;

/** The values that a chart keeps of its data, by their places. */
function pointsOf(source: XmlElement | null): Map<number, string> {
  const points = new Map<number, string>();
  for (const point of source === null ? [] : descendantsOf(source, 'pt')) {
    const value = childOf(point, 'v');
    if (value !== null) points.set(Number(point.attribs['idx'] ?? 0), textOf(value));
  }
  return points;
}

/** The columns of a chart's data, the names of what is measured first. */
function columnsOf(chart: XmlElement): { name: string; points: Map<number, string> }[] {
  const series = descendantsOf(chart, 'ser').slice(0, MAX_SERIES);
  const [first] = series;
  if (first === undefined) return [];
  const categories = pointsOf(childOf(first, 'cat') ?? childOf(first, 'xVal'));
  return [
    { name: '', points: categories },
    ...series.map((one) => ({
      name: [...pointsOf(childOf(one, 'tx')).values()].join(' '),
      points: pointsOf(childOf(one, 'val') ?? childOf(one, 'yVal')),
    })),
  ];
}

/** A chart as its title and the table of its data: a column for each series. */
function chartNodes(chart: XmlElement, archive: Archive): ChildNode[] {
  const title = childOf(chart, 'title');
  const words = title === null ? '' : descendantsOf(title, 't').map(textOf).join('').trim();
  const columns = columnsOf(chart);
  const places = new Set(columns.flatMap(({ points }) => [...points.keys()]));
  const cell = (text: string): TableCell => {
    archive.countNode();
    return { content: [text] };
  };
  const rows = [...places]
    .toSorted((a, b) => a - b)
    .map((place) => columns.map(({ points }) => cell(points.get(place) ?? '')));
  const head = columns.map(({ name }) => cell(name));
  return [
    ...(words === '' ? [] : [element('p', {}, [words])]),
    ...(rows.length === 0 ? [] : [tableOf([head, ...rows])]),
  ];
}

/** The texts of a diagram as a list. */
function diagramNodes(model: XmlElement): ChildNode[] {
  const texts = childrenOf(childOf(model, 'ptLst'), 'pt')
    .map((point) => childOf(point, 't'))
    .map((body) => (body === null ? [] : childrenOf(body, 'p')))
    .map((paragraphs) =>
      paragraphs
        .map((it) => descendantsOf(it, 't').map(textOf).join(''))
        .join(' ')
        .trim(),
    )
    .filter((text) => text !== '');
  return texts.length === 0
    ? []
    : [
        element(
          'ul',
          {},
          texts.map((text) => element('li', {}, [text])),
        ),
      ];
}

/** What the charts and diagrams in a drawing say, which stand in parts of their own. */
export function graphicsOf(
  drawing: XmlElement,
  archive: Archive,
  relations: ReadonlyMap<string, Relation>,
): ChildNode[] {
  const partOf = (id: string | undefined): string | null => relations.get(id ?? '')?.target ?? null;
  const charts = descendantsOf(drawing, 'chart').flatMap(({ attribs }) => {
    const part = partOf(attribs['relation'] ?? attribs['id']);
    const chart = part === null ? null : readUnit(archive, part, 'chart');
    return chart === null ? [] : chartNodes(chart, archive);
  });
  const diagrams = descendantsOf(drawing, 'relIds').flatMap(({ attribs }) => {
    const part = partOf(attribs['dm']);
    const model = part === null ? null : readUnit(archive, part, 'dataModel');
    return model === null ? [] : diagramNodes(model);
  });
  return [...charts, ...diagrams];
}
