// Starts the behaviours of a page that shows a conversation; each is a module of its own.
import "./upsert.js";
import "./grow.js";
import { follow } from "./line.js";
import { tendList } from "./list.js";
import { keepTail } from "./tail.js";
import { stickToBottom } from "./scroll.js";
import { announceAnswers } from "./announce.js";
import { offerCopies } from "./copy.js";
import { colourCode } from "./colour.js";
import { setMath } from "./math.js";
import { tendComposer } from "./composer.js";
import { tellTrouble } from "./trouble.js";
import { listenForKeys } from "./keys.js";

const transcript = document.getElementById("transcript");
stickToBottom(transcript);
offerCopies(transcript);
colourCode(transcript);
setMath(transcript);
announceAnswers(transcript);
tendComposer(document.getElementById("composer"));
keepTail(transcript);
tellTrouble();
listenForKeys();
tendList(document.getElementById("list"));
follow(document.getElementById("line"));
