"""The words that every text of a language has, folded: they tell languages apart, and find nothing."""

STOP_WORDS = {
    language: frozenset(said.split())
    for language, said in {
        "en": """
            a about above after again against all also always am among an and any anybody anyone anything
            are aren around as at be became because become been before being below between both but by
            came can cannot could couldn did didn do does doesn doing don down during each either ever
            every everything explain few find for from further get give go goes got had hadn has hasn have
            haven having he her here hers herself him himself his how however i if in into is isn it its
            itself just know let like list ll made make many may me might mine more most much must mustn
            my myself need neither never no nobody none nor not nothing now of off often on once one only
            or other others ought our ours ourselves out over own please quite rather re said same say
            says shall shan she should shouldn show since so some somebody someone something such take
            tell than that the their theirs them themselves then there these they thing things this those
            though through thus to too under until up upon us use used ve very was wasn way we well were
            weren what whatever when where whether which while who whoever whole whom whose why will with
            within without won would wouldn yes yet you your yours yourself yourselves
            """,
        "de": """
            ab aber alle allem allen aller alles als also am an ander andere anderem anderen anderer
            anderes auch auf aus bei beim bereits bin bis bist bitte da dabei dafur dagegen daher damals
            damit danach daran darauf daraus darf darin darum das dass davon dazu dein deine dem den denen
            denn dennoch der deren des dessen dich die dies diese dieselbe diesem diesen dieser dieses dir
            doch dort du durch durfen ein eine einem einen einer eines einige einigen einmal er erst es
            etwa etwas euch euer eure fur ganz gar gegen gibt ging hab habe haben hat hatte hatten hier
            hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in indem ins ist ja je jede
            jedem jeden jeder jedes jedoch jemand jene jenem jenen jener jenes jetzt kam kann kannst kein
            keine keinem keinen keiner konnen konnte konnten lasst machen macht man manche mehr mein meine
            meinem meinen meiner mich mir mit mochte muss mussen musste nach nachdem neben nein nicht
            nichts nie niemand noch nun nur ob obwohl oder ohne sagt sagte sehr sei sein seine seinem
            seinen seiner seit seitdem selbst sich sie sind so sobald sodass solche solchen soll sollen
            sollte sondern sonst sowie uber um und uns unser unsere unter viel viele vielen vom von vor
            wahrend wann war waren warum was weg wegen weil weiter welche welchem welchen welcher welches
            wem wen wenn wer werde werden weshalb wessen wie wieder wieso wieviel will wir wird wirst wo
            wodurch wohin womit woran woraus worin woruber wovon wozu wurde wurden zu zum zur zwar
            zwischen
            """,
        "fr": """
            a afin ai aie aient ainsi alors apres as au aucun aucune aupres aussi autre autres aux avaient
            avais avait avant avec avez aviez avoir avons ayant c car ce ceci cela celle celles celui
            cependant ces cet cette ceux chaque chez combien comme comment contre d dans de deja depuis
            dernier des deux devant dit donc dont du durant elle elles en encore entre es est et etaient
            etais etait etant ete etes etiez etre eu eut eux faire fait faut fois font fut ici il ils j je
            jusqu l la laquelle le lequel les lesquels leur leurs lors lorsque lui m ma mais me meme memes
            mes moi moins mon n ne ni non nos notre nous on ont ou par parce parmi pas pendant peu peut
            plus plutot pour pourquoi presque puis qu quand que quel quelle quelles quelque quelques quels
            qui quoi s sa sans se selon sera serait ses si sinon soi soit son sont sous souvent suis sur t
            ta tandis tant te tel telle tellement tes toi ton tous tout toute toutes tres trop tu un une
            vers voici voila vos votre vous y
            """,
        "es": """
            a al algo alguien algun alguna algunas alguno algunos alla alli ambos ante antes aquel aquella
            aquellas aquello aquellos aqui asi aun aunque bajo bien cada casi como con contra cual cuales
            cualquier cuando cuanta cuanto cuantos de debe del desde despues dice dijo donde dos durante e
            el ella ellas ello ellos en entonces entre era eran eras eres es esa esas ese eso esos esta
            estaba estaban estado estan estar estas este esto estos fue fueron ha habia habian han hasta
            hay he la las le les lo los luego mas me mi mientras mis mismo mucha muchas mucho muchos muy
            nada nadie ni ningun ninguna no nos nosotros nuestra nuestro o os otra otras otro otros para
            pero poco por porque pues que quien quienes se segun ser si sido siempre sin sino sobre son
            soy su sus tal tambien tampoco tan tanto te tenia tiene tienen toda todas todavia todo todos
            tras tu tus un una unas uno unos usted ustedes y ya yo
            """,
        "it": """
            a ad agli ai al alcuna alcune alcuni alla alle allo allora altra altre altri altro anche
            ancora avere aveva avevano c che chi ci cio circa co coi col come con contro cosa cosi cui d
            da dagli dai dal dalla dalle dallo de degli dei del della delle dello dentro di dopo dove due
            dunque e ed egli ella era erano essa esse essere essi esso fa fino fra fu furono gia gli ha
            hai hanno ho i il in infatti io l la le lei li lo loro lui ma mai me meno mentre mi mia mie
            miei mio molta molte molti molto ne negli nei nel nella nelle nello no noi non nostra nostro o
            ogni oltre onde oppure ora per perche pero piu poco poi prima proprio pur qual quale quali
            quando quanto quasi quei quel quella quelle quelli quello questa queste questi questo qui
            quindi sara se sei sempre senza si sia siamo siano sono sopra sotto sta stata stati stato
            stesso su sua sue sugli sui sul sulla sulle sullo suo suoi tale tali tanto te ti tra tu tua
            tuo tutta tutte tutti tutto un una uno vi voi vostra vostro
            """,
        "nl": """
            aan aangezien achter af al alle alleen alles als altijd ander andere anders beide ben bent bij
            binnen daar daarom dan dat de deze die dit doch doen door dus echter een eens eerst elk elke
            en er even geen geweest haar had hadden heb hebben heeft hem hen het hier hij hoe hoeveel hun
            iemand iets ik in is ja je jij jou jouw jullie kan komen kon konden kunnen kwam maar meer men
            met mij mijn moet moeten na naar naast niemand niet niets nog nooit nu of om omdat onder ons
            onze ook op over reeds sinds steeds te tegen ten ter terwijl toch toen tot tussen uit uw van
            vanaf veel voor waar waarom wanneer want waren was wat weer wel welk welke werd werden wezen
            wie wij wil worden wordt zal ze zei zelf zich zij zijn zo zonder zou zouden zowel
            """,
        "pt": """
            a ainda algo alguem algum alguma algumas alguns ali ante antes ao aos apenas apos aquela
            aquelas aquele aqueles aqui aquilo as assim ate atras bem cada com como contra cuja cujo da
            dar das de dela delas dele deles dentro depois desde dessa desse desta deste disse disso do
            dois dos durante e ela elas ele eles em enquanto entao entre era eram essa essas esse esses
            esta estao estar estas estava estavam este estes eu foi foram ha havia isso isto ja la lhe
            lhes lo logo mais mas me mesma mesmo meu meus minha minhas muita muitas muito muitos na nada
            nao nas nem nenhum nenhuma ninguem no nos nossa nosso num numa o onde os ou outra outras outro
            outros para pela pelas pelo pelos perto pode pois por porquanto porque quais qual qualquer
            quando quanto quantos quase que quem sao se seja sem sempre sendo ser sera seu seus si sido
            sob sobre sua suas tal tambem tanto tao tem tendo ter teu teve tinha tinham toda todas todo
            todos tu tua tudo um uma umas uns voce voces
            """,
    }.items()
}
