import { createResource, For } from 'solid-js';
import html from 'solid-js/html';
import { render } from 'solid-js/web';

const load = async () => await (await fetch('/products.json')).json();

const section = ({ name, text }) =>
  html`<section>
    <h2>${name}</h2>
    <p>${text}</p>
  </section>`;

function Shop() {
  const [products] = createResource(load, { initialValue: [] });
  return html`<main>
    <h1>The shop of Solid</h1>
    <${For} each=${products}>${section}<//>
  </main>`;
}

render(Shop, document.querySelector('#root'));
