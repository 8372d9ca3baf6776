// Starts the behaviours of a page that shows the list at the side and no conversation.
import { follow } from "./line.js";
import { tendList } from "./list.js";
import { listenForKeys } from "./keys.js";
import { tendDocuments } from "./documents.js";
import { showPassage } from "./passage.js";
import { tellTrouble } from "./trouble.js";

tendDocuments();
showPassage();
tellTrouble();
listenForKeys();
tendList(document.getElementById("list"));
follow(document.getElementById("line"));
