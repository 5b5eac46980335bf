import { Fragment, h, render } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** Loads its article when the visitor has agreed, and hides it behind a wall until then. */
function Magazine() {
  const [agreed, setAgreed] = useState(false);
  const [text, setText] = useState('');
  useEffect(() => {
    if (!agreed) return;
    void fetch('/article.txt')
      .then((answer) => answer.text())
      .then(setText);
  }, [agreed]);
  const wall = h(
    'div',
    { role: 'dialog', 'aria-modal': 'true', id: 'consent', style: { position: 'fixed', inset: 0 } },
    h('p', null, 'We and our 841 partners value your privacy.'),
    h('button', { onClick: () => setAgreed(true) }, 'Accept all'),
  );
  return h(
    Fragment,
    null,
    h('main', null, h('h1', null, 'A magazine'), h('p', null, text)),
    agreed ? null : wall,
  );
}

render(h(Magazine), document.querySelector('#root'));
