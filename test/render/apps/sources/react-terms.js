import { createElement as h } from 'react';

/** A part that is loaded when it is first shown. */
export default function Terms() {
  return h('p', null, 'Whoever buys here has fourteen days to send it back.');
}
