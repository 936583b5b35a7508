/** Days of the exchanges in New York, as `YYYY-MM-DD`. */
const HOUR_MS = 3_600_000;
const clock = new Intl.DateTimeFormat('en-US', { timeZone: 'America/New_York', hour: 'numeric', hourCycle: 'h23' });

/** Midnight of an Eastern day: 04:00 UTC under daylight saving time, else 05:00. */
export function easternMidnightMs(day: string): number {
  const summer = Date.parse(`${day}T04:00:00Z`);
  return clock.format(summer) === '00' ? summer : summer + HOUR_MS;
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 24 * HOUR_MS).toISOString().slice(0, 10);
}

/** Monday to Friday, both ends included. */
export function weekdays(from: string, to: string): string[] {
  const days: string[] = [];
  for (let day = from; day <= to; day = addDays(day, 1)) {
    const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
    if (weekday !== 0 && weekday !== 6) days.push(day);
  }
  return days;
}
