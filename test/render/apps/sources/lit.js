import { html, LitElement } from 'lit';

const product = ({ name, text }) => html`<shop-product .text=${text}>${name}</shop-product>`;

/** Its tree is open, and it shows what stands within it in a slot. */
class ShopApp extends LitElement {
  static properties = { products: { state: true } };

  constructor() {
    super();
    this.products = [];
  }

  connectedCallback() {
    super.connectedCallback();
    void fetch('/products.json')
      .then((answer) => answer.json())
      .then((products) => (this.products = products));
  }

  render() {
    return html`<h1>The shop of Lit</h1>
      ${this.products.map(product)}`;
  }
}

/** Its tree is closed to the page. */
class ShopProduct extends LitElement {
  static properties = { text: {} };
  static shadowRootOptions = { ...LitElement.shadowRootOptions, mode: 'closed' };

  render() {
    return html`<h2><slot></slot></h2>
      <p>${this.text}</p>`;
  }
}

customElements.define('shop-product', ShopProduct);
customElements.define('shop-app', ShopApp);
