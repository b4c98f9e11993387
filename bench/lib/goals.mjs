// A goal is a number that must be reached, written down before it was measured. It is never loosened:
// what falls short says by how much.

/** `measured` must be at most `limit`, or at least, by `sense`. */
function goal(sense, text, measured, limit, unit = '×') {
  const met = sense === 'at most' ? measured <= limit : measured >= limit;
  return { text, sense, measured, limit, unit, met };
}

export const atMost = (...args) => goal('at most', ...args);
export const atLeast = (...args) => goal('at least', ...args);

/** A goal that could not be looked at, since a peer was allowed to be missing. */
export const unknown = (text, reason) => ({ text, met: null, reason });

export function toNumber(value) {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  if (Math.abs(value) < 0.1) return value.toPrecision(2);
  return value.toFixed(digits).replace(/\B(?=([0-9]{3})+(?![0-9.]))/g, ',');
}

const withUnit = (value, unit) => `${toNumber(value)}${unit === '' ? '' : ` ${unit}`}`;

/** How much more, or how much less, than the goal allows. */
function shortfall({ sense, measured, limit, unit }) {
  if (limit === 0) return withUnit(measured, unit);
  const times = sense === 'at most' ? measured / limit : limit / measured;
  return `${toNumber((times - 1) * 100)} %`;
}

/** Goal, measured, met or not: the cells of a table's row. */
export function toCells(goal) {
  const { text, sense, measured, limit, unit, met, reason } = goal;
  if (met === null) return [text, '', 'not looked at', reason];
  const bound = `${sense === 'at most' ? '≤' : '≥'} ${withUnit(limit, unit)}`;
  const verdict = met ? 'met' : `**not met**, off by ${shortfall(goal)}`;
  return [text, bound, withUnit(measured, unit), verdict];
}

export const goalHeads = ['Question', 'Goal', 'Measured', ''];
