from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('searches', '0005_report_of_one_shot_strategies'),
    ]

    operations = [
        migrations.AlterField(
            model_name='dataset',
            name='source',
            field=models.CharField(choices=[('builtin', 'comes with webnas'), ('npz', 'uploaded .npz'), ('csv', 'uploaded CSV'), ('zip', 'uploaded zip of images'), ('folder', 'folder on the workers')], max_length=10),
        ),
    ]
