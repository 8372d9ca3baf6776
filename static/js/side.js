// Starts the behaviours of a page that shows the list at the side and no conversation.
import { follow } from "./line.js";
import { tendList } from "./list.js";
import { listenForKeys } from "./keys.js";
import { tellTrouble } from "./trouble.js";

tellTrouble();
listenForKeys();
tendList(document.getElementById("list"));
follow(document.getElementById("line"));
