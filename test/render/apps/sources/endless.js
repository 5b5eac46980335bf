import { createElement as h, useEffect, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';

const item = (text) => h('li', { key: text, style: { height: '300px' } }, text);

/** A list that fetches five more entries whenever its end is seen, and keeps all of them. */
function List() {
  const [entries, setEntries] = useState([]);
  const end = useRef(null);
  useEffect(() => {
    const observer = new IntersectionObserver(([mark]) => {
      if (!mark.isIntersecting) return;
      void fetch(`/entries.json?from=${entries.length}`)
        .then((answer) => answer.json())
        .then((more) => more.length > 0 && setEntries([...entries, ...more]));
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [entries]);
  return h(
    'main',
    null,
    h('h1', null, 'An endless list'),
    h('ol', null, entries.map(item)),
    h('p', { ref: end }),
  );
}

createRoot(document.querySelector('#root')).render(h(List));
