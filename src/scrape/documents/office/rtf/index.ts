import type { ChildNode } from 'domhandler';
import { plainMetadata } from '../../content.ts';
import type { Metadata } from '../../../types.ts';
import { RtfReader, type About } from './reader.ts';

function metadataOf(about: About): Metadata {
  const said = (name: keyof About): string | null => about[name]?.trim() || null;
  const [author, keywords] = [said('author'), said('keywords')];
  return plainMetadata({
    title: said('title'),
    description: said('subject'),
    ...(author !== null && { author }),
    ...(keywords !== null && { keywords: keywords.split(/[,;]\s{0,10}/) }),
  });
}

/** The text of an RTF document, and what it says about itself. Throws PageError `too_large`. */
export function readRtf(body: Buffer): { nodes: ChildNode[]; metadata: Metadata } {
  const reader = new RtfReader(body.toString('latin1'));
  return { nodes: reader.read(), metadata: metadataOf(reader.about) };
}
