using MaskLlm.Tasks;

namespace MaskLlm.Tests.Tasks;

/// <summary>What each task asks of a record, as lm-evaluation-harness does; the records are made up in the data sets' layouts.</summary>
public sealed class TaskRecordsTests : IDisposable
{
    private readonly TaskFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("arc_easy", "arc_easy.jsonl")]
    [InlineData("arc_challenge", "ai2_arc/ARC-Challenge/test.jsonl")]
    public void Arc_HubsRecord_NamesTheAnswerByItsLabel(string task, string file)
    {
        TaskDocument found = _folder.Document(task, file,
            """{"id":"1","question":"What falls?","choices":{"text":["up","an apple","time"],"label":["1","2","3"]},"answerKey":"2"}""");
        Assert.Equal(TaskFolder.Of("Question: What falls?\nAnswer:", " up", " an apple", " time"), found.Requests);
        Assert.Equal(1, found.Gold);
        Assert.Equal([2, 8, 4], found.Lengths!);
    }

    [Fact]
    public void Piqa_BothLayouts_AskBySolutions()
    {
        TaskDocument hub = _folder.Document("piqa", "piqa/validation-0.jsonl", """{"goal":"Open it","sol1":"pull","sol2":"p\u00fcsh 🙂","label":1}""");
        Assert.Equal(TaskFolder.Of("Question: Open it\nAnswer:", " pull", " püsh 🙂"), hub.Requests);
        Assert.Equal(1, hub.Gold);
        // As Python counts: code points.
        Assert.Equal([4, 6], hub.Lengths!);
        TaskDocument query = _folder.Document("piqa", "piqa.jsonl", """{"query":"Question: Open it\n","choices":["pull","push"],"gold":0}""");
        Assert.Equal(TaskFolder.Of("Question: Open it\n\nAnswer:", " pull", " push"), query.Requests);
    }

    [Fact]
    public void OpenBook_Record_HasTheStemAlone()
    {
        TaskDocument found = _folder.Document("openbookqa", "openbookqa/main/test.jsonl",
            """{"question_stem":"Frogs eat","choices":{"text":["flies","rocks"],"label":["A","B"]},"answerKey":" A"}""");
        Assert.Equal(TaskFolder.Of("Frogs eat", " flies", " rocks"), found.Requests);
        Assert.Equal(0, found.Gold);
    }

    [Fact]
    public void BoolQ_BothLayouts_EndInAnswer()
    {
        TaskDocument hub = _folder.Document("boolq", "super_glue/boolq/validation.jsonl", """{"passage":"P.","question":"is it","label":1}""");
        Assert.Equal(TaskFolder.Of("P.\nQuestion: is it?\nAnswer:", " no", " yes"), hub.Requests);
        Assert.Equal((1, null), (hub.Gold, hub.Lengths));
        TaskDocument query = _folder.Document("boolq", "boolq.jsonl",
            """{"query":"Passage: P.\nQuestion: is it?","choices":["no","yes"],"gold":0}""");
        Assert.Equal(TaskFolder.Of("Passage: P.\nQuestion: is it?\nAnswer:", " no", " yes"), query.Requests);
    }

    [Theory]
    [InlineData("cause", "because")]
    [InlineData("effect", "therefore")]
    public void Copa_Record_ReadsOnInSmallLetters(string question, string word)
    {
        TaskDocument found = _folder.Document("copa", "copa/val.jsonl",
            $$"""{"premise":"The tap ran. ","choice1":"It was open.","choice2":"I slept.","question":"{{question}}","label":0}""");
        Assert.Equal(TaskFolder.Of($"The tap ran {word}", "  it was open.", "  i slept."), found.Requests);
    }

    [Fact]
    public void Mmlu_Record_ListsTheChoicesByLetters()
    {
        TaskDocument found = _folder.Document("mmlu_high_school_us_history", "mmlu/high_school_us_history/test-0.jsonl",
            """{"question":" Who? ","choices":["Ann","Bob"," Cy","Di"],"answer":3,"subject":"x"}""");
        Assert.Equal(TaskFolder.Of("The following are multiple choice questions (with answers) about high school us history.\n\nWho?\nA. Ann"
            + "\nB. Bob\nC.  Cy\nD. Di\nAnswer:", " A", " B", " C", " D"), found.Requests);
        Assert.Equal((3, null), (found.Gold, found.Lengths));
    }

    [Fact]
    public void HellaSwag_Record_IsCleanedOfItsMarks()
    {
        TaskDocument found = _folder.Document("hellaswag", "hellaswag/validation.jsonl",
            """{"activity_label":"Baking","ctx_a":"He bakes. [header] Bread [title] Rise","ctx_b":"the LOAF","endings":["[step] is  hot.","sings. [substeps]"],"label":"1"}""");
        Assert.Equal(TaskFolder.Of("Baking: He bakes. Bread. Rise The loaf", "  is hot.", " sings. "), found.Requests);
        Assert.Equal(1, found.Gold);
        Assert.Equal([8, 7], found.Lengths!);
    }

    [Fact]
    public void WinoGrande_BothLayouts_PutTheNamesIntoTheContext()
    {
        TaskDocument hub = _folder.Document("winogrande", "winogrande/winogrande_xl/validation.jsonl",
            """{"sentence":"Ann met Bo, so _ was glad.","option1":"Ann","option2":"Bo","answer":"2"}""");
        TaskRequest[] wanted = [new("Ann met Bo, so Ann", " was glad."), new("Ann met Bo, so Bo", " was glad.")];
        Assert.Equal(wanted, hub.Requests);
        Assert.Equal((1, null), (hub.Gold, hub.Lengths));
        Assert.Equal(wanted, _folder.Document("winogrande", "winogrande.jsonl",
            """{"context_options":["Ann met Bo, so Ann","Ann met Bo, so Bo"],"continuation":"was glad.","gold":0}""").Requests);
    }

    [Fact]
    public void Lambada_BothLayouts_AskTheLastWord()
    {
        Assert.Equal(TaskFolder.Of("It was\na", " word\n\nnow"),
            _folder.Document("lambada_openai", "lambada_openai/default/test.jsonl", """{"text":"It was\na word\n\nnow"}""").Requests);
        TaskDocument found = _folder.Document("lambada_openai", "lambada_openai.jsonl", """{"context":"It was","continuation":"so"}""");
        Assert.Equal(TaskFolder.Of("It was", " so"), found.Requests);
        Assert.Null(found.Gold);
    }

    [Theory]
    [InlineData("pair_id\":3", " ")]
    [InlineData("pairID\":\"3\"", "")]
    public void Blimp_Record_HasNoContext(string pair, string space)
    {
        TaskDocument found = _folder.Document("blimp_wh_island", "blimp/wh_island.jsonl",
            $$"""{"sentence_good":"Go.","sentence_bad":"Going.","{{pair}}}""");
        Assert.Equal(TaskFolder.Of("", space + "Go.", space + "Going."), found.Requests);
        Assert.Equal(0, found.Gold);
    }

    /// <summary>Earlier questions of the article stand before the last with their answers; a text of Python's is read.</summary>
    [Fact]
    public void Race_Articles_EndInTheLastQuestion()
    {
        const string Problems = """[{'question': "It\'s", 'answer': 'B', 'options': ['a\n', "b's"]}, {'question': 'We  _  .', 'answer': 'A', 'options': ['go', 'x']}, {'question': 'Last\u00e9?', 'answer': 'B', 'options': ['one', 'two']}]""";
        string record = new System.Text.Json.Nodes.JsonObject { ["article"] = "Text.", ["problems"] = Problems }.ToJsonString();
        TaskDocument found = _folder.Document("race", "race_high_test.jsonl", record);
        Assert.Equal(TaskFolder.Of("Article: Text.\n\nQuestion: It's\nAnswer: b's\n _  .go\nLasté?", " one", " two"), found.Requests);
        Assert.Equal((1, null), (found.Gold, found.Lengths));
        _folder.Write("race.jsonl",
            """{"article":"T","question":"Q?","options":["a","b"],"answer":"A"}""",
            """{"article":"T","question":"R?","options":["c","d"],"answer":"B"}""",
            """{"article":"U","question":"S?","options":["e","f"],"answer":"B"}""");
        Assert.Equal(["Article: T\n\nQuestion: Q?\nAnswer: a\nR?", "Article: U\n\nS?"],
            _folder.Documents("race").Select(document => document.Requests[0].Context));
    }

    [Theory]
    [InlineData("arc_easy", """{"question":"Q","choices":{"text":["a"],"label":["A"]},"answerKey":"E"}""", "answerKey must be one of A, found \"E\"")]
    [InlineData("arc_easy", """{"question":"Q"}""", "choices is missing")]
    [InlineData("piqa", """{"goal":"G","sol1":"a","sol2":"b","label":2}""", "label must be a choice from 0 to 1, found 2")]
    [InlineData("winogrande", """{"sentence":"no gap","option1":"a","option2":"b","answer":"1"}""", "sentence must be a sentence with a gap")]
    [InlineData("hellaswag", """{"activity_label":"A","ctx_a":"B","ctx_b":"C","endings":["a","b"],"label":""}""", "label must be")]
    [InlineData("copa", """{"premise":"P.","choice1":"a","choice2":"b","question":"why","label":0}""", "question must be cause or effect")]
    [InlineData("race", """{"article":"T","problems":"open('x')"}""", "problems must be a list of Python's")]
    [InlineData("race", """{"article":"T","problems":"[]"}""", "problems must be at least one question")]
    [InlineData("boolq", """{"query":1,"choices":["a"],"gold":0}""", "query must be a text")]
    public void Record_ThatDoesNotFit_IsNamedWithFileAndLine(string task, string record, string said)
    {
        _folder.Write($"{task}.jsonl", "", record);
        string message = Assert.Throws<InvalidDataException>(() => _folder.Documents(task)).Message;
        Assert.Contains($"{task}.jsonl: line 2", message, StringComparison.Ordinal);
        Assert.Contains(said, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_UnknownAndGroups_AreSaid()
    {
        Assert.Equal(67, TaskCatalog.Find(["blimp"]).Count);
        Assert.Equal(57, TaskCatalog.Find(["mmlu"]).Count);
        Assert.Equal(2, TaskCatalog.Find(["piqa", "race", "piqa"]).Count);
        string message = Assert.Throws<ArgumentException>(() => TaskCatalog.Find(["hellaswagg"])).Message;
        Assert.StartsWith("`Tasks` hellaswagg: no such task (did you mean hellaswag?); there are arc_challenge, arc_easy, blimp, ", message,
            StringComparison.Ordinal);
        string missing = Assert.Throws<FileNotFoundException>(() => _folder.Documents("copa")).Message;
        Assert.Contains("no file of copa in it; looked for copa.json*, copa.parquet", missing, StringComparison.Ordinal);
    }
}
