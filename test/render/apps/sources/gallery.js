import { createApp, h, ref } from 'vue';

/** A picture that gets its address when it comes into view, as lazy loaders do. */
const Late = {
  props: ['name'],
  setup({ name }) {
    const source = ref(null);
    const watch = (element) => {
      const observer = new IntersectionObserver(([mark]) => {
        if (mark.isIntersecting) source.value = `/pictures/${name}.png`;
      });
      observer.observe(element);
    };
    return () =>
      h('figure', { style: 'height: 900px', onVnodeMounted: ({ el }) => watch(el) }, [
        h('img', { src: source.value, alt: `The picture ${name}`, width: 200, height: 200 }),
        h('figcaption', `Painted in ${name}.`),
      ]);
  },
};

const NAMES = ['spring', 'summer', 'autumn', 'winter'];
createApp({
  render: () =>
    h('main', [
      h('h1', 'A gallery'),
      NAMES.map((name) => h(Late, { key: name, name })),
      h('img', { src: '/pictures/all.png', alt: 'All of them', loading: 'lazy' }),
      h('iframe', { src: '/preact/', title: 'Our shop' }),
    ]),
}).mount('#app');
