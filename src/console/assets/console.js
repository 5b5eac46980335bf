// Makes pages live: progress, refreshing, tabs, copying, local times. The console works without it.

const numbers = new Intl.NumberFormat('en-US');

/** Follows a job's events, and reloads the page at its end to show the result. */
function followJob(card) {
  const events = new EventSource(card.dataset.events);
  const bar = card.querySelector('progress');
  const state = document.querySelector('.title .badge');
  const announcement = card.querySelector('[data-announce]');
  const show = (job) => {
    const values = { ...job, settled: job.total - job.remaining };
    for (const place of card.querySelectorAll('[data-field]')) {
      place.textContent = numbers.format(values[place.dataset.field]);
    }
    state.textContent = job.status;
    bar.max = job.total;
    bar.value = values.settled;
  };
  // A form that is sent, to cancel the job say, brings a page of its own.
  document.addEventListener('submit', () => events.close());
  events.addEventListener('progress', (event) => show(JSON.parse(event.data)));
  for (const end of ['completed', 'failed', 'cancelled']) {
    events.addEventListener(end, (event) => {
      events.close();
      show(JSON.parse(event.data));
      announcement.textContent = `The job is ${end}.`;
      window.location.reload();
    });
  }
}

/**
 * Fetches the page repeatedly and replaces a part of it, until the new part no longer asks for
 * that.
 */
async function keepFresh(part) {
  let current = part;
  while (current?.dataset.refresh) {
    await new Promise((resolve) => setTimeout(resolve, Number(current.dataset.refresh)));
    // Do not disturb a person who reads an answer or is about to press something.
    if (document.hidden || current.contains(document.activeElement) || current.querySelector('details[open]'))
      continue;
    const response = await window
      .fetch(window.location.href, { headers: { accept: 'text/html' } })
      .catch(() => null);
    if (!response?.ok || response.redirected) continue;
    const fresh = new DOMParser()
      .parseFromString(await response.text(), 'text/html')
      .getElementById(current.id);
    if (!fresh) return;
    current.replaceWith(fresh);
    current = fresh;
    prepare(current);
  }
}

/** Turns sections with headings into tabs, as the ARIA practices describe them. */
function makeTabs(box) {
  const sections = [...box.children];
  const list = document.createElement('div');
  list.setAttribute('role', 'tablist');
  list.setAttribute('aria-label', 'Forms of the page');
  const tabs = sections.map((section) => {
    const tab = document.createElement('button');
    tab.type = 'button';
    tab.id = `${section.id}-tab`;
    tab.textContent = section.querySelector('h3').textContent;
    tab.setAttribute('role', 'tab');
    tab.setAttribute('aria-controls', section.id);
    section.setAttribute('role', 'tabpanel');
    section.setAttribute('aria-labelledby', tab.id);
    return tab;
  });
  let chosen = 0;
  const choose = (place) => {
    chosen = place;
    for (const [n, tab] of tabs.entries()) {
      tab.setAttribute('aria-selected', String(n === chosen));
      tab.tabIndex = n === chosen ? 0 : -1;
      sections[n].hidden = n !== chosen;
    }
  };
  list.addEventListener('click', (event) => {
    const n = tabs.indexOf(event.target);
    if (n >= 0) choose(n);
  });
  list.addEventListener('keydown', (event) => {
    const now = tabs.indexOf(document.activeElement);
    const next = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const n = (next + tabs.length) % tabs.length;
    choose(n);
    tabs[n].focus();
  });
  list.append(...tabs);
  const together = makeSwitch('Side by side', (all) => {
    box.classList.toggle('together', all);
    list.hidden = all;
    choose(chosen);
    if (all) for (const section of sections) section.hidden = false;
  });
  const bar = document.createElement('div');
  bar.className = 'bar';
  bar.append(list, together);
  box.prepend(bar);
  box.classList.add('ready');
  choose(0);
}

/** A button that is on or off. */
function makeSwitch(label, onChange) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = label;
  button.setAttribute('aria-pressed', 'false');
  button.addEventListener('click', () => {
    const on = button.getAttribute('aria-pressed') === 'false';
    button.setAttribute('aria-pressed', String(on));
    onChange(on);
  });
  return button;
}

const textOf = (from) => document.getElementById(from)?.textContent ?? '';

function makeCopyable(button) {
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener('click', async () => {
    const text = button.dataset.copy ?? textOf(button.dataset.copyFrom);
    button.textContent = (await copy(text)) ? 'Copied' : 'Not copied';
    setTimeout(() => (button.textContent = label), 1500);
  });
}

/**
 * Copies a text, and says whether that was possible. Browsers offer the clipboard to secure origins
 * only, and may refuse it there; then a selection is copied.
 */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelection(text);
  }
}

function copySelection(text) {
  const field = document.createElement('textarea');
  field.value = text;
  field.setAttribute('readonly', '');
  field.className = 'visually-hidden';
  const focused = document.activeElement;
  document.body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  focused?.focus();
  return copied;
}

function makeSaveable(button) {
  button.hidden = false;
  button.addEventListener('click', () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([textOf(button.dataset.saveFrom)]));
    link.download = button.dataset.name;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}

const exactTimes = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clockTimes = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** Shows a time in the viewer's zone; the time in UTC goes into its title. */
function localise(element) {
  const at = new Date(element.dateTime);
  if (element.dataset.form === 'relative') element.title = `${exactTimes.format(at)} (${element.title})`;
  else {
    element.title = element.textContent;
    element.textContent = (element.dataset.form === 'clock' ? clockTimes : exactTimes).format(at);
  }
}

/** The place of a chart that the pointer is on. */
function localisePlace(title) {
  const { at, place } = title.dataset;
  title.textContent = clockTimes.format(new Date(at)) + title.textContent.slice(place.length);
}

/** The controls whose values a server cannot send back, or not always. */
const KEPT = 'input[type="file"], textarea';

/**
 * Sends a form without leaving its page, so that a chosen file outlives what is wrong with the
 * form.
 */
function sendInPlace(form) {
  takeDrops(form);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('[data-busy]');
    const label = button.textContent;
    button.textContent = button.dataset.busy;
    button.disabled = true;
    const response = await window
      .fetch(form.action, { method: 'POST', body: new FormData(form) })
      .catch(() => null);
    if (response?.redirected) {
      window.location.assign(response.url);
      return;
    }
    button.textContent = label;
    button.disabled = false;
    const answer = new DOMParser().parseFromString((await response?.text()) ?? '', 'text/html');
    const fresh = answer.querySelector('form[data-in-place]');
    if (fresh) replaceForm(form, fresh);
    else
      complain(form, answer.querySelector('main p')?.textContent ?? 'The form could not be sent. Try again.');
  });
}

/** Puts a form in the place of an older one, with what was chosen and written there. */
function replaceForm(form, fresh) {
  for (const old of form.querySelectorAll(KEPT)) {
    const control = fresh.elements[old.name];
    if (old.type === 'file') control.files = old.files;
    else control.value = old.value;
  }
  fresh.querySelector('[data-lost]')?.remove();
  form.replaceWith(fresh);
  sendInPlace(fresh);
  const wrong = fresh.querySelector('[aria-invalid]');
  if (wrong) wrong.focus();
  else fresh.querySelector('[role="alert"]')?.scrollIntoView({ block: 'nearest' });
}

/** Says above a form why it could not be sent. */
function complain(form, text) {
  const problem = document.createElement('p');
  problem.className = 'problem';
  problem.setAttribute('role', 'alert');
  problem.textContent = text;
  form.querySelector('.problem')?.remove();
  form.prepend(problem);
}

/** A file that is dropped on the form is the one that its field has. */
function takeDrops(form) {
  const field = form.querySelector('input[type="file"]');
  if (!field) return;
  const hold = (event, over) => {
    if (!event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    form.classList.toggle('over', over);
  };
  form.addEventListener('dragover', (event) => hold(event, true));
  form.addEventListener('dragleave', (event) => hold(event, false));
  form.addEventListener('drop', (event) => {
    hold(event, false);
    if (event.dataTransfer.files.length > 0) field.files = event.dataTransfer.files;
  });
}

function prepare(root) {
  for (const button of root.querySelectorAll('[data-copy], [data-copy-from]')) makeCopyable(button);
  for (const button of root.querySelectorAll('[data-save-from]')) makeSaveable(button);
  for (const element of root.querySelectorAll('time[datetime]')) localise(element);
  for (const title of root.querySelectorAll('title[data-at]')) localisePlace(title);
}

prepare(document);
// On a phone the navigation scrolls sideways.
document.querySelector('header [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
for (const box of document.querySelectorAll('[data-tabs]')) makeTabs(box);
for (const card of document.querySelectorAll('[data-events]')) followJob(card);
for (const part of document.querySelectorAll('[data-refresh]')) void keepFresh(part);
for (const form of document.querySelectorAll('form[data-in-place]')) sendInPlace(form);
for (const form of document.forms) {
  const button = form.querySelector('[data-busy]');
  if (button && !form.matches('[data-in-place]'))
    form.addEventListener('submit', () => (button.textContent = button.dataset.busy));
}
