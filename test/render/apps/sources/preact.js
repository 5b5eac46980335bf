import { h, render } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const Home = () => h('p', null, 'You should be at the products.');

function Products() {
  const [products, setProducts] = useState([]);
  useEffect(() => {
    void fetch('/products.json')
      .then((answer) => answer.json())
      .then(setProducts);
  }, []);
  return h(
    'main',
    null,
    h('h1', null, 'The shop of Preact'),
    products.map(({ name, text }) => h('section', { key: name }, h('h2', null, name), h('p', null, text))),
  );
}

/** Goes on to another page without a request, as routers do. */
function Router() {
  const [path, setPath] = useState('/');
  useEffect(() => {
    history.replaceState(null, '', '/preact/products');
    setPath('/products');
  }, []);
  return h(path === '/products' ? Products : Home);
}

render(h(Router), document.querySelector('#root'));
