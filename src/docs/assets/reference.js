const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();

// The row of an operation is one button: a link inside it would be a control within a control.
const plainPaths = () => ({
  wrapComponents: {
    DeepLink:
      (_original, { React }) =>
      ({ text }) =>
        React.createElement('span', null, text),
  },
});

// What scrolls can be scrolled by a keyboard too.
const reference = document.getElementById('reference');
new MutationObserver(() => {
  for (const block of reference.querySelectorAll('pre.microlight:not([tabindex])')) block.tabIndex = 0;
}).observe(reference, { childList: true, subtree: true });

SwaggerUIBundle({
  url: '/openapi.json',
  domNode: reference,
  plugins: [plainPaths],
  validatorUrl: null,
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  syntaxHighlight: { theme: 'tomorrow-night' },
});
