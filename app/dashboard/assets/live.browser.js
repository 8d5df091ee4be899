// The dashboard's only script: live values and sorting. Every page is complete without it.
// When the server says that something changed, the page is fetched again and only what differs is put in place; if the
// page has other parts than before, the whole of it is, so that nothing moves unless a value changed.

const FEWEST_MS_BETWEEN = 1000;
const FETCH_LIMIT_MS = 10_000;

const main = document.querySelector('main');
const connection = document.querySelector('#connection');
const room = document.body.dataset.room;

const partsOf = (root) => new Map([...root.querySelectorAll('[data-live]')].map((part) => [part.dataset.live, part]));
const keysOf = (root) => [...partsOf(root).keys()].join('\n');
// The order as the server sent it; sorting changes only what is shown.
let keys = main === null ? '' : keysOf(main);
let sorted = new Map();

function putInPlace(next) {
  const nextKeys = keysOf(next);
  if (nextKeys === keys) {
    const present = partsOf(main);
    for (const [key, part] of partsOf(next)) {
      const here = present.get(key);
      if (here !== undefined && here.innerHTML !== part.innerHTML) here.innerHTML = part.innerHTML;
    }
    return;
  }
  const focused = document.activeElement?.id;
  const open = [...main.querySelectorAll('details')].map((details) => details.open);
  main.replaceChildren(...next.childNodes);
  for (const [index, details] of main.querySelectorAll('details').entries())
    if (open[index] === true) details.open = true;
  if (focused !== undefined && focused !== '') document.getElementById(focused)?.focus({ preventScroll: true });
  keys = nextKeys;
  makeSortable();
}

let etag = '';
async function look() {
  const response = await fetch(location.href, {
    headers: etag === '' ? {} : { 'if-none-match': etag },
    cache: 'no-store',
    signal: AbortSignal.timeout(FETCH_LIMIT_MS),
  });
  if (response.status === 304 || !response.ok) return;
  etag = response.headers.get('etag') ?? '';
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const next = page.querySelector('main');
  if (next !== null) putInPlace(next);
}

let looking = false;
let again = false;
async function lookSoon() {
  again = true;
  if (looking) return;
  looking = true;
  while (again) {
    again = false;
    try {
      await look();
    } catch {
      // The connection is told by the event stream; the next change looks again.
    }
    await new Promise((done) => setTimeout(done, FEWEST_MS_BETWEEN));
  }
  looking = false;
}

if (main !== null && connection !== null && room !== '') {
  const events = new EventSource('/events');
  events.addEventListener('open', () => {
    connection.textContent = 'live';
    void lookSoon();
  });
  events.addEventListener('error', () => {
    connection.textContent = 'not live';
  });
  events.addEventListener('change', () => void lookSoon());
}

function makeSortable() {
  for (const [index, table] of document.querySelectorAll('table[data-sortable]').entries()) {
    for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
      if (head.classList.contains('s') || head.querySelector('button') !== null) continue;
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'sort';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') === 'ascending';
        sorted.set(index, { column, down });
        sort(table, column, down);
      });
    }
    const chosen = sorted.get(index);
    if (chosen !== undefined) sort(table, chosen.column, chosen.down);
  }
}

const textIn = (row, column) => row.cells[column]?.textContent.trim() ?? '';
// Numbers are written with U+2212 and grouped thousands; what is no number sorts as text.
const numberIn = (text) => Number.parseFloat(text.replaceAll(',', '').replace('−', '-'));

function sort(table, column, down) {
  for (const [index, head] of [...table.tHead.rows[0].cells].entries()) {
    if (index === column) head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    else head.removeAttribute('aria-sort');
  }
  const numeric = table.tHead.rows[0].cells[column].classList.contains('num');
  const compare = (a, b) => {
    const [left, right] = [textIn(a, column), textIn(b, column)];
    if (!numeric) return left.localeCompare(right, 'en', { numeric: true });
    const [first, second] = [numberIn(left), numberIn(right)];
    return (Number.isNaN(first) ? -Infinity : first) - (Number.isNaN(second) ? -Infinity : second);
  };
  const rows = [...table.tBodies[0].rows].toSorted(compare);
  table.tBodies[0].append(...(down ? rows.toReversed() : rows));
}

makeSortable();
