import { createElement as h } from 'react';
import { renderToReadableStream } from 'react-dom/server';
import { Shop } from './hydrated.js';

/** The page of a server that sends the frame at once and its products when they are there. */
export async function servePage(products) {
  const later = new Promise((resolve) => setTimeout(resolve, 5, products));
  return await new Response(await renderToReadableStream(h(Shop, { products: later }))).text();
}
