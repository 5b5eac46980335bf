import { createElement as h } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { Shop } from './hydrated.js';

const products = fetch('/products.json').then((answer) => answer.json());
hydrateRoot(document.querySelector('#__next'), h(Shop, { products }));
