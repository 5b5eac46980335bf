import { createElement as h, lazy, Suspense, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

const Terms = lazy(() => import('./react-terms.js'));

function Shop() {
  const [products, setProducts] = useState(null);
  useEffect(() => {
    void fetch('/products.json')
      .then((answer) => answer.json())
      .then(setProducts);
  }, []);
  if (products === null) return h('p', null, 'Loading…');
  return h(
    'main',
    null,
    h('h1', null, 'The shop of React'),
    products.map(({ name, text }) => h('section', { key: name }, h('h2', null, name), h('p', null, text))),
    h(Suspense, { fallback: h('p', null, 'Loading…') }, h(Terms)),
  );
}

createRoot(document.querySelector('#root')).render(h(Shop));
