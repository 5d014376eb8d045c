//! Works of the sample: 67 books, papers and reports of the history of computing, with a short
//! paragraph each. Authors are those of them that are among the people of the sample. `cites`
//! lists only works whose reference lists are known to name the other.

/// A work. `id` is the id of its point in Qdrant and of its node in Neo4j.
pub struct Work {
    pub id: u64,
    pub title: &'static str,
    pub year: i32,
    pub topic: &'static str,
    pub authors: &'static [&'static str],
    pub cites: &'static [u64],
    pub text: &'static str,
}

macro_rules! works {
    ($($id:literal $year:literal $topic:literal $title:literal by $authors:expr, cites $cites:expr; $text:literal)*) => {
        pub const WORKS: &[Work] = &[$(Work {
            id: $id, title: $title, year: $year, topic: $topic, authors: &$authors, cites: &$cites, text: $text,
        }),*];
    };
}

works! {
    1 1703 "number systems" "Explication de l'arithmétique binaire" by ["Gottfried Wilhelm Leibniz"], cites [];
    "Leibniz shows that all numbers can be written with 0 and 1 alone, and how to add, subtract, multiply and divide them so. He links the notation to the hexagrams of the I Ching."
    2 1741 "graph theory" "Solutio problematis ad geometriam situs pertinentis" by ["Leonhard Euler"], cites [];
    "Euler proves that no walk crosses each of the seven bridges of Königsberg exactly once. Only how many bridges meet at each piece of land matters: the paper is taken as the beginning of graph theory."
    3 1832 "industry" "On the Economy of Machinery and Manufactures" by ["Charles Babbage"], cites [];
    "Babbage describes workshops and factories of his time and the division of labour in them, of the hand as well as of the mind, such as the making of mathematical tables."
    4 1843 "computing machines" "Notes on the Sketch of the Analytical Engine" by ["Ada Lovelace"], cites [];
    "Lovelace translates Menabrea's article on Babbage's Analytical Engine and adds notes longer than the article. Note G gives the steps by which the engine would compute the Bernoulli numbers, and remarks that the machine could act on other things besides number."
    5 1847 "logic" "The Mathematical Analysis of Logic" by ["George Boole"], cites [];
    "Boole treats logic as a branch of mathematics: classes are symbols, and reasoning is calculation with equations among them."
    6 1847 "logic" "Formal Logic" by ["Augustus De Morgan"], cites [];
    "De Morgan extends the syllogism and treats inference, necessary and probable, in symbols. It appeared within days of Boole's first book on logic."
    7 1854 "logic" "An Investigation of the Laws of Thought" by ["George Boole"], cites [];
    "Boole gives his algebra of logic its full form, in which a variable times itself is itself, and applies it to probability. Switching circuits were later described by this algebra."
    8 1879 "logic" "Begriffsschrift" by ["Gottlob Frege"], cites [];
    "Frege presents a formula language of pure thought, with quantifiers and variables, in a notation of two dimensions. It is the first system of predicate logic."
    9 1899 "geometry" "Grundlagen der Geometrie" by ["David Hilbert"], cites [];
    "Hilbert rebuilds Euclidean geometry on a complete set of axioms in which points, lines and planes are whatever satisfies the axioms, and studies their independence and consistency."
    10 1903 "foundations of mathematics" "The Principles of Mathematics" by ["Bertrand Russell"], cites [];
    "Russell argues that mathematics and logic are the same, and presents the paradox of the class of all classes that are not members of themselves."
    11 1910 "foundations of mathematics" "Principia Mathematica" by ["Alfred North Whitehead", "Bertrand Russell"], cites [];
    "Whitehead and Russell derive mathematics from logic in three volumes, with a theory of types that keeps the paradoxes out. That one and one is two is reached after several hundred pages."
    12 1924 "communication" "Certain Factors Affecting Telegraph Speed" by ["Harry Nyquist"], cites [];
    "Nyquist studies how the shape of signals and the choice of codes limit the speed at which intelligence can be sent over a telegraph line."
    13 1928 "communication" "Transmission of Information" by ["Ralph Hartley"], cites [];
    "Hartley measures information by the logarithm of the number of possible sequences of symbols, leaving psychological factors aside."
    14 1931 "foundations of mathematics" "On Formally Undecidable Propositions of Principia Mathematica and Related Systems I" by ["Kurt Gödel"], cites [11];
    "Gödel numbers the formulas of arithmetic and builds one that says of itself that it cannot be proved. A consistent system that contains arithmetic is therefore incomplete, and cannot prove its own consistency."
    15 1936 "computability" "An Unsolvable Problem of Elementary Number Theory" by ["Alonzo Church"], cites [14];
    "Church proposes lambda definability, or recursiveness, as the meaning of effectively calculable, and shows a problem of number theory that no such procedure solves."
    16 1936 "computability" "On Computable Numbers, with an Application to the Entscheidungsproblem" by ["Alan Turing"], cites [14, 15];
    "Turing describes an abstract machine with a tape and a table of states, a universal machine that can imitate any other, and shows that no machine can decide which formulas of logic are provable."
    17 1936 "computability" "Finite Combinatory Processes: Formulation 1" by ["Emil Post"], cites [15];
    "Post describes a worker who moves along a row of boxes, marks and unmarks them by a fixed list of directions. Found independently of Turing, the model is nearly the same."
    18 1938 "switching circuits" "A Symbolic Analysis of Relay and Switching Circuits" by ["Claude Shannon"], cites [];
    "Shannon shows that circuits of relays and switches follow the algebra of Boole, so that they can be designed and simplified by calculation. It was his master's thesis at MIT."
    19 1943 "neural networks" "A Logical Calculus of the Ideas Immanent in Nervous Activity" by ["Warren McCulloch", "Walter Pitts"], cites [11];
    "McCulloch and Pitts model neurons as all-or-none threshold elements and show that nets of them can express the propositions of logic."
    20 1945 "computing machines" "First Draft of a Report on the EDVAC" by ["John von Neumann"], cites [19];
    "The draft describes a computer whose memory holds instructions as well as numbers, with parts for arithmetic, control, memory, input and output. Its logic elements are drawn as idealised neurons."
    21 1945 "hypertext" "As We May Think" by ["Vannevar Bush"], cites [];
    "Bush imagines the memex, a desk that stores a person's books and records on microfilm and links them by trails of association that can be kept and shared."
    22 1948 "information theory" "A Mathematical Theory of Communication" by ["Claude Shannon"], cites [12, 13];
    "Shannon defines the entropy of a source and the capacity of a channel, and proves that below capacity messages can be sent over a noisy channel with as few errors as desired. The word bit appears in print here."
    23 1948 "cybernetics" "Cybernetics: Or Control and Communication in the Animal and the Machine" by ["Norbert Wiener"], cites [];
    "Wiener joins the study of feedback, control and communication in machines and living things under one name, taken from the Greek word for steersman."
    24 1949 "cryptography" "Communication Theory of Secrecy Systems" by ["Claude Shannon"], cites [22];
    "Shannon applies information theory to ciphers, proves that the one-time pad is perfectly secret, and names confusion and diffusion as means against statistical attack."
    25 1950 "artificial intelligence" "Computing Machinery and Intelligence" by ["Alan Turing"], cites [4, 14, 15, 16];
    "Turing replaces the question whether machines can think by the imitation game, answers nine objections, among them Lady Lovelace's, and suggests to build a child machine and teach it."
    26 1950 "artificial intelligence" "Programming a Computer for Playing Chess" by ["Claude Shannon"], cites [];
    "Shannon describes how a computer could play chess by looking ahead and weighing positions, and distinguishes searching all moves from searching only the promising ones."
    27 1950 "coding theory" "Error Detecting and Error Correcting Codes" by ["Richard Hamming"], cites [22];
    "Hamming constructs codes that correct one wrong bit and detect two, and introduces the distance between code words that bears his name."
    28 1952 "coding theory" "A Method for the Construction of Minimum-Redundancy Codes" by ["David Huffman"], cites [22];
    "Huffman finds the prefix code of least average length by joining the two least probable symbols again and again, building the tree from its leaves."
    29 1952 "programming" "The Education of a Computer" by ["Grace Hopper"], cites [];
    "Hopper describes how a compiling routine lets the computer itself put programs together from a library of subroutines, and frees the programmer from the drudgery."
    30 1952 "foundations of mathematics" "Introduction to Metamathematics" by ["Stephen Kleene"], cites [14, 15, 16];
    "Kleene's textbook carries the reader from sets and formal systems to incompleteness and recursive functions, and names Church's thesis."
    31 1956 "linguistics" "Three Models for the Description of Language" by ["Noam Chomsky"], cites [];
    "Chomsky compares finite-state, phrase-structure and transformational grammars, and argues that the first two cannot describe English well."
    32 1957 "programming languages" "The FORTRAN Automatic Coding System" by ["John Backus"], cites [];
    "Backus and his team report on a compiler for the IBM 704 that turns formulas into programs nearly as efficient as those written by hand."
    33 1958 "neural networks" "The Perceptron: A Probabilistic Model for Information Storage and Organization in the Brain" by ["Frank Rosenblatt"], cites [];
    "Rosenblatt describes a network of units with adjustable connections that learns to tell patterns apart from examples."
    34 1959 "algorithms" "A Note on Two Problems in Connexion with Graphs" by ["Edsger W. Dijkstra"], cites [];
    "In three pages Dijkstra gives an algorithm for the minimum spanning tree of a graph and one for the shortest path between two of its nodes."
    35 1960 "programming languages" "Recursive Functions of Symbolic Expressions and Their Computation by Machine, Part I" by ["John McCarthy"], cites [];
    "McCarthy introduces Lisp: programs and data are both lists, functions are recursive, and a short function apply evaluates any expression of the language."
    36 1962 "algorithms" "Quicksort" by ["Tony Hoare"], cites [];
    "Hoare sorts by splitting an array around a chosen element and sorting the two parts in the same way, in place and fast on average."
    37 1962 "human-computer interaction" "Augmenting Human Intellect: A Conceptual Framework" by ["Douglas Engelbart"], cites [21];
    "Engelbart proposes to raise the ability of people to solve complex problems by tools, language, method and training together, with a display and a computer for each worker."
    38 1963 "computer graphics" "Sketchpad: A Man-Machine Graphical Communication System" by ["Ivan Sutherland"], cites [];
    "Sutherland's thesis lets a person draw on a screen with a light pen, copy master drawings, and state constraints that the computer then satisfies."
    39 1964 "networks" "On Distributed Communications" by ["Paul Baran"], cites [];
    "Baran's reports for RAND design a network without a centre that survives the loss of many nodes, and sends messages as standard blocks, each finding its own way."
    40 1965 "operating systems" "Cooperating Sequential Processes" by ["Edsger W. Dijkstra"], cites [];
    "Dijkstra treats mutual exclusion, semaphores and deadlock, the latter with the banker's algorithm, for processes that run side by side and share little."
    41 1968 "programming" "Go To Statement Considered Harmful" by ["Edsger W. Dijkstra"], cites [];
    "In a letter to the editor Dijkstra argues that the go to statement makes it hard to follow the progress of a program, and should be abolished from higher level languages."
    42 1968 "algorithms" "The Art of Computer Programming, Volume 1: Fundamental Algorithms" by ["Donald Knuth"], cites [];
    "Knuth begins his account of algorithms and their analysis with mathematical preliminaries, the imaginary computer MIX, and lists and trees."
    43 1969 "neural networks" "Perceptrons: An Introduction to Computational Geometry" by ["Marvin Minsky", "Seymour Papert"], cites [];
    "Minsky and Papert prove what perceptrons of limited order cannot compute, such as whether a figure is connected, or parity."
    44 1969 "program verification" "An Axiomatic Basis for Computer Programming" by ["Tony Hoare"], cites [];
    "Hoare gives axioms and rules by which properties of programs can be proved, with assertions before and after each statement."
    45 1970 "databases" "A Relational Model of Data for Large Shared Data Banks" by ["Edgar F. Codd"], cites [];
    "Codd proposes to show data to users as relations, independent of how they are stored, and to operate on them by algebra. Relational databases rest on it."
    46 1971 "complexity" "The Complexity of Theorem-Proving Procedures" by ["Stephen Cook"], cites [];
    "Cook shows that every problem that a nondeterministic machine solves in polynomial time reduces to the satisfiability of formulas: satisfiability is NP-complete."
    47 1972 "complexity" "Reducibility Among Combinatorial Problems" by ["Richard Karp"], cites [46];
    "Karp shows that 21 problems, among them clique, colouring, knapsack and Hamiltonian circuit, are NP-complete by reductions from satisfiability."
    48 1972 "information retrieval" "A Statistical Interpretation of Term Specificity and Its Application in Retrieval" by ["Karen Spärck Jones"], cites [];
    "Spärck Jones weighs a search term by how few documents contain it. Inverse document frequency has been part of ranking in search engines ever since."
    49 1974 "operating systems" "The UNIX Time-Sharing System" by ["Dennis Ritchie", "Ken Thompson"], cites [];
    "Ritchie and Thompson describe a system with a hierarchical file system, files, devices and pipes alike, processes made by fork, and a shell that is an ordinary program."
    50 1974 "networks" "A Protocol for Packet Network Intercommunication" by ["Vint Cerf", "Bob Kahn"], cites [];
    "Cerf and Kahn describe how different packet networks can be joined by gateways, and how hosts exchange streams reliably over them: the beginning of TCP and of the internet."
    51 1974 "programming languages" "Programming with Abstract Data Types" by ["Barbara Liskov"], cites [];
    "Liskov, with Zilles, proposes that a type be known by its operations alone and not by its representation, and a language with clusters to support it, CLU."
    52 1976 "cryptography" "New Directions in Cryptography" by ["Whitfield Diffie", "Martin Hellman"], cites [24];
    "Diffie and Hellman show how two parties can agree on a secret key over a public channel, and propose public key systems and digital signatures."
    53 1976 "networks" "Ethernet: Distributed Packet Switching for Local Computer Networks" by ["Robert Metcalfe"], cites [];
    "Metcalfe and Boggs describe a local network on one shared cable, on which stations listen before they send and back off at random after a collision."
    54 1976 "databases" "The Design and Implementation of INGRES" by ["Michael Stonebraker"], cites [45];
    "The paper describes one of the first relational database systems, built at Berkeley on Unix with the query language QUEL."
    55 1976 "programming" "Algorithms + Data Structures = Programs" by ["Niklaus Wirth"], cites [];
    "Wirth teaches programming in Pascal as the joint design of data and algorithms: sorting, recursion, dynamic structures and a small compiler."
    56 1978 "cryptography" "A Method for Obtaining Digital Signatures and Public-Key Cryptosystems" by ["Ron Rivest", "Adi Shamir", "Leonard Adleman"], cites [52];
    "The authors give the first public key system that also signs. Its security rests on how hard it is to factor the product of two large primes."
    57 1978 "programming languages" "The C Programming Language" by ["Brian Kernighan", "Dennis Ritchie"], cites [];
    "The book introduces C with a program that prints hello, world, and its appendix served for years as the definition of the language."
    58 1978 "concurrency" "Communicating Sequential Processes" by ["Tony Hoare"], cites [];
    "Hoare proposes input, output and parallel composition of processes that share no memory as primitives of programming."
    59 1978 "distributed systems" "Time, Clocks, and the Ordering of Events in a Distributed System" by ["Leslie Lamport"], cites [];
    "Lamport defines what it means that one event happened before another in a distributed system, and gives logical clocks that order all events consistently with it."
    60 1978 "programming languages" "Can Programming Be Liberated from the von Neumann Style?" by ["John Backus"], cites [];
    "In his Turing Award lecture Backus blames the word-at-a-time style of computers and languages, and proposes a functional style with an algebra of programs."
    61 1979 "cryptography" "How to Share a Secret" by ["Adi Shamir"], cites [];
    "Shamir divides a secret into pieces by points on a polynomial, so that any chosen number of pieces restores it and fewer reveal nothing."
    62 1981 "databases" "The Transaction Concept: Virtues and Limitations" by ["Jim Gray"], cites [];
    "Gray describes transactions as changes of state that are atomic, durable and consistent, how they are implemented, and where long or nested ones strain the concept."
    63 1986 "neural networks" "Learning Representations by Back-Propagating Errors" by ["Geoffrey Hinton"], cites [43];
    "Rumelhart, Hinton and Williams train networks with hidden units by passing the error backwards through the layers; the hidden units come to represent features of the task."
    64 1989 "hypertext" "Information Management: A Proposal" by ["Tim Berners-Lee"], cites [];
    "Berners-Lee proposes to CERN a web of linked notes to keep track of people, projects and documents. His manager called it vague but exciting."
    65 1998 "distributed systems" "The Part-Time Parliament" by ["Leslie Lamport"], cites [59];
    "Lamport tells of the lost parliament of the island of Paxos, whose legislators came and went and yet kept consistent copies of the law: the Paxos protocol for consensus."
    66 1998 "information retrieval" "The Anatomy of a Large-Scale Hypertextual Web Search Engine" by ["Sergey Brin", "Larry Page"], cites [];
    "Brin and Page describe Google, which ranks pages by the links that point to them, and how it crawls, indexes and searches the web."
    67 1998 "neural networks" "Gradient-Based Learning Applied to Document Recognition" by ["Yann LeCun"], cites [];
    "LeCun, Bottou, Bengio and Haffner read handwritten characters with convolutional networks, and train whole systems for reading documents, such as bank checks, end to end."
}
