// Whether this page load is the redirect after asking: its cookie says so once, and a reload must not start anything.
const ASKED = "drive=1";
const MAX_AGE_S = 30; // as the server's own

export const justAsked = document.cookie.split("; ").includes(ASKED);
if (justAsked) forget();

/** Lets the next load of this page drive what was asked here. */
export function driveNext() { document.cookie = `${ASKED}; Max-Age=${MAX_AGE_S}; Path=${location.pathname}; SameSite=Lax`; }

function forget() { document.cookie = `drive=; Max-Age=0; Path=${location.pathname}; SameSite=Lax`; }
