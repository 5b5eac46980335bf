import { createElement as h, Suspense, use, useEffect, useState } from 'react';

/** Shows what it is given, on the server and in the browser alike. */
export function Shop({ products }) {
  return h(
    'main',
    null,
    h('h1', null, 'The shop of a server'),
    h(Suspense, { fallback: h('p', null, 'Loading…') }, h(Products, { products })),
    h(Visitor),
  );
}

function Products({ products }) {
  return use(products).map(({ name, text }) =>
    h('section', { key: name }, h('h2', null, name), h('p', null, text)),
  );
}

/** What only a browser knows. */
function Visitor() {
  const [language, setLanguage] = useState(null);
  useEffect(() => setLanguage(navigator.language), []);
  return h('p', null, language === null ? '' : `You read ${language}.`);
}
