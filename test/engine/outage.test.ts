import { expect, test } from 'vitest';
import type { Failure } from '../../src/core/failure.js';
import { OutageDetector } from '../../src/engine/outage.js';

const source: Failure = { kind: 'transient', side: 'source', code: 'connection', message: 'refused' };
const target: Failure = { kind: 'transient', side: 'target', code: 'target_connection', message: 'refused' };
const throttled: Failure = { kind: 'throttled', side: 'source', code: 'throttled', message: '429' };
const terminal: Failure = { kind: 'terminal', side: 'source', code: 'query_refused', message: 'no' };

test('one chunk that fails again and again among many is not an outage', () => {
  const detector = new OutageDetector();
  for (let i = 0; i < 50; i++) expect(detector.failed(7, source, 100)).toBeNull();
});

test('chunk after chunk failing without a success is an outage, from 16 chunks on', () => {
  const detector = new OutageDetector();
  for (let chunk = 0; chunk < 15; chunk++) expect(detector.failed(chunk, source, 1000)).toBeNull();
  expect(detector.failed(15, source, 1000)).toBe('source');
  expect(detector.takeFailing()).toEqual(Array.from({ length: 16 }, (_, i) => i));
  expect(detector.takeFailing()).toEqual([]);
});

test('a success of any chunk ends the suspicion', () => {
  const detector = new OutageDetector();
  for (let chunk = 0; chunk < 15; chunk++) detector.failed(chunk, source, 1000);
  detector.succeeded();
  expect(detector.failed(15, source, 1000)).toBeNull();
});

test('with few chunks left all of them must fail', () => {
  const detector = new OutageDetector();
  expect(detector.failed(0, source, 3)).toBeNull();
  expect(detector.failed(1, source, 3)).toBeNull();
  expect(detector.failed(2, source, 3)).toBe('source');
});

test('source and target are suspected apart', () => {
  const detector = new OutageDetector();
  expect(detector.failed(0, source, 2)).toBeNull();
  expect(detector.failed(1, target, 2)).toBeNull();
  expect(detector.failed(0, target, 2)).toBe('target');
});

test('throttles and terminal failures are no outage', () => {
  const detector = new OutageDetector();
  for (let chunk = 0; chunk < 40; chunk++) {
    expect(detector.failed(chunk, throttled, 1)).toBeNull();
    expect(detector.failed(chunk, terminal, 1)).toBeNull();
  }
});

test('what fails on our own side is no outage', () => {
  const detector = new OutageDetector();
  const lost: Failure = { kind: 'transient', side: 'self', code: 'thread_lost', message: 'a thread ended' };
  for (let chunk = 0; chunk < 40; chunk++) expect(detector.failed(chunk, lost, 1)).toBeNull();
});
