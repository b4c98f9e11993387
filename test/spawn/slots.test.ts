// Numbers of children: many at once, used again, and never one for two that could be mixed up.
import { expect, test } from 'vitest';
import { Slots } from '../../src/native/slots.js';

test('a number that was removed finds nothing, also when its slot is in use again', () => {
  const slots = new Slots<string>();
  const first = slots.add('a');
  slots.remove(first);
  const second = slots.add('b');
  expect(second).not.toBe(first);
  expect(slots.get(first)).toBeUndefined();
  slots.remove(first);
  expect(slots.get(second)).toBe('b');
});

test('numbers fit 32 bits, however often they come round', () => {
  const slots = new Slots<number>();
  const seen = new Set<number>();
  for (let i = 0; i < 10_000; i++) {
    const number = slots.add(i);
    expect(number).toBeGreaterThan(0);
    expect(number).toBeLessThan(2 ** 32);
    seen.add(number);
    slots.remove(number);
  }
  expect(seen.size).toBeGreaterThan(4000); // as many as there are generations, or nearly
});

test('visits those that are there', () => {
  const slots = new Slots<string>();
  const numbers = ['a', 'b', 'c'].map((value) => slots.add(value));
  slots.remove(numbers[1] ?? 0);
  const seen: string[] = [];
  slots.forEach((value) => seen.push(value));
  expect(seen).toEqual(['a', 'c']);
});
