import { oneLine } from '../../long-text/in-pieces.ts';
import { plainMetadata } from '../content.ts';
import type { Metadata } from '../../types.ts';
import type { Archive } from './archive.ts';
import { childrenOf, readUnit, textOf, type XmlElement } from './xml-units.ts';

/** What a part refers to: another part of the package, or an address outside. */
export interface Relation {
  type: string;
  target: string;
  external: boolean;
}

/** A path from one part to another as a name in the archive; null where it leads outside. */
export function resolvePart(from: string, reference: string): string | null {
  const url = URL.parse(reference, `part:///${encodeURI(from.replace(/^\/+/, ''))}`);
  if (url === null || url.protocol !== 'part:') return null;
  try {
    return decodeURIComponent(url.pathname).replace(/^\/+/, '');
  } catch {
    return url.pathname.replace(/^\/+/, '');
  }
}

/** The relations of a part by their ids (Open Packaging Conventions, section 9.3). */
export function relationsOf(archive: Archive, part: string): Map<string, Relation> {
  const slash = part.lastIndexOf('/') + 1;
  const list = readUnit(archive, `${part.slice(0, slash)}_rels/${part.slice(slash)}.rels`, 'Relationships');
  const relations = new Map<string, Relation>();
  for (const { attribs } of childrenOf(list, 'Relationship')) {
    const { Id: id, Type: type = '', Target: reference = '', TargetMode: mode } = attribs;
    const external = mode?.toLowerCase() === 'external';
    const target = external ? reference : resolvePart(part, reference);
    if (id !== undefined && target !== null)
      relations.set(id, { type: type.slice(type.lastIndexOf('/') + 1), target, external });
  }
  return relations;
}

/** The target of the first relation of a type, or null. */
export function targetOf(relations: Map<string, Relation>, type: string): string | null {
  for (const relation of relations.values()) if (relation.type === type) return relation.target;
  return null;
}

/** What the elements of Dublin Core and of the office formats around it say. */
const ROLES: Record<string, string> = {
  title: 'title',
  creator: 'author',
  'initial-creator': 'author',
  description: 'description',
  subject: 'subject',
  language: 'language',
  created: 'published_time',
  'creation-date': 'published_time',
  date: 'date',
  modified: 'modified_time',
  keywords: 'keywords',
  keyword: 'keywords',
  Application: 'generator',
  generator: 'generator',
  publisher: 'publisher',
};
const MAX_CHARS = 1000;

/** A date as RFC 3339; a year, or a year and a month, as it stands. Null for anything else. */
function dateOf(text: string | undefined): string | null {
  if (text === undefined || !/^\d{4}/.test(text)) return null;
  if (/^\d{4}(?:-\d\d)?$/.test(text)) return text;
  const time = new Date(/T[\d:.]+$/.test(text) ? `${text}Z` : text);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

/** What a document says about itself: the elements that hold its properties. */
export function metadataOf(...properties: (XmlElement | null)[]): Metadata {
  const found: Record<string, string> = {};
  const keywords: string[] = [];
  for (const element of properties.flatMap((list) => childrenOf(list))) {
    const role = Object.hasOwn(ROLES, element.name) ? ROLES[element.name]! : null;
    const value = oneLine(textOf(element)).slice(0, MAX_CHARS);
    if (role === null || value === '') continue;
    if (role === 'keywords') keywords.push(...value.split(/[,;]\s*/).filter(Boolean));
    else found[role] ??= value;
  }
  const { title, description, subject, language, author, generator, publisher } = found;
  const known = {
    author,
    publisher,
    // In EPUB the date is that of publication, in OpenDocument that of the last change.
    published_time: dateOf(found['published_time']) ?? undefined,
    modified_time: dateOf(found['modified_time'] ?? found['date']) ?? undefined,
    keywords: keywords.length > 0 ? keywords.slice(0, 100) : undefined,
    generator,
  };
  return plainMetadata({
    title: title ?? null,
    description: description ?? subject ?? null,
    language: language ?? null,
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
  });
}
